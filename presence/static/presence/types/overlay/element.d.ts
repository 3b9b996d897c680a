/**
 * `<presence-overlay board="<uuid>" [endpoint] [token-url] [token] [name]
 * [surface="#css-selector"] …>`: who is on a board, drawn over the page. Every attribute is in
 * docs/overlay.md.
 */
import { PresenceClient } from "../client/client.js";
import { type OverlayHost } from "./overlay.js";
import { Words, type Strings } from "./strings.js";
/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export declare class PresenceOverlayElement extends HTMLElement implements OverlayHost {
    #private;
    static readonly observedAttributes: string[];
    /** The session behind the picture; undefined while there is none. */
    get client(): PresenceClient | undefined;
    /** What the overlay says; see `strings`. */
    get words(): Words;
    /** Say it in another language: what is not given is English. As the attribute of the same name, in JSON. */
    set strings(strings: Partial<Strings>);
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    /** Run something whose failure is this element's, not the page's. */
    safely(run: () => void): void;
    /** Tell of an error; each different one once. */
    report({ message }: Error): void;
    announce(name: string, detail: object): void;
}
