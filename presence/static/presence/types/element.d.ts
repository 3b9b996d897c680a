/**
 * `<presence-overlay board="<uuid>" [endpoint] [token-url] [token] [name]
 * [surface="#css-selector"]>`: who is on a board, drawn over the page.
 */
import { PresenceClient } from "./client.js";
/** The custom element. Its events are `presence-status`, `presence-count` and `presence-error`. */
export declare class PresenceOverlayElement extends HTMLElement {
    #private;
    static readonly observedAttributes: string[];
    /** The session behind the picture; undefined while there is none. */
    get client(): PresenceClient | undefined;
    connectedCallback(): void;
    disconnectedCallback(): void;
    attributeChangedCallback(name: string, before: string | null, after: string | null): void;
    /** Run something whose failure is this element's, not the page's. */
    safely(run: () => void): void;
    /** Tell of an error; each different one once. */
    report({ message }: Error): void;
    announce(name: string, detail: object): void;
}
