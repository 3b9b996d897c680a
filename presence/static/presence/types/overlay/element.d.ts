/**
 * Defines `<presence-overlay board="<reference>" …>`, which shows over the page who is on a board. docs/overlay.md lists
 * its attributes. Entry point of `overlay.js`. A page may load it twice.
 */
import { PresenceClient } from "../client/client.js";
import { type OverlayHost } from "./overlay.js";
import { Texts, type Strings } from "./strings.js";
export { PresenceClient } from "../client/client.js";
export type * from "../client/client.js";
/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export declare class PresenceOverlayElement extends HTMLElement implements OverlayHost {
    #private;
    static readonly observedAttributes: string[];
    /** The session; undefined while there is none. */
    get client(): PresenceClient | undefined;
    get texts(): Texts;
    /** The texts in another language, as in the attribute of the same name. A missing string is English. */
    set strings(strings: Partial<Strings>);
    connectedCallback(): void;
    /** An element that is moved is connected again in the same task, and keeps its session. */
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    safely(run: () => void): void;
    /** Report each different error once. */
    report({ message }: Error): void;
}
