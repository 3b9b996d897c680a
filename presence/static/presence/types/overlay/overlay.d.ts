import { type BarHost } from "./bar.js";
import type { PresenceClient } from "../client/client.js";
import type { Surface } from "./surface.js";
/** What the overlay asks of the element that shows it. */
export interface OverlayHost extends BarHost {
    /** Runs what must not throw at the page. */
    safely(run: () => void): void;
    report(error: Error): void;
}
export declare class Overlay {
    #private;
    private readonly host;
    readonly client: PresenceClient;
    private readonly surface;
    constructor(host: OverlayHost, root: ShadowRoot, client: PresenceClient, surface: Surface);
    destroy(): void;
    /** Someone has moved, or the surface has: on the screen, or is another. */
    refresh(): void;
    /** The words, or who is here and does what, have changed: the bar shows it with the next frame. */
    restate(): void;
}
