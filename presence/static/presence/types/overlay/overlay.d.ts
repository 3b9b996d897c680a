/** What the element shows, and its listeners, from one connection's start to its end. */
import type { PresenceClient } from "../client/client.js";
import { type BarHost } from "./bar.js";
import type { Surface } from "./surface.js";
export interface OverlayHost extends BarHost {
    /** Run something and report its error in place of throwing it at the page. */
    safely(run: () => void): void;
    report(error: Error): void;
}
export declare class Overlay {
    #private;
    private readonly host;
    readonly client: PresenceClient;
    private readonly surface;
    constructor(host: OverlayHost, root: ShadowRoot, client: PresenceClient, surface: Surface);
    /** `returns`: another overlay of this page goes on with the session. */
    destroy(returns: boolean): void;
    /** Draw with the next frame: a cursor or the surface moved. */
    refresh(): void;
    /** Update the bar as well with the next frame: the texts, the people or their states changed. */
    refreshBar(): void;
}
