/** Draws the cursors of everyone else: an arrow and a name each, or a mark at the edge of the view. */
import type { PresenceClient } from "../client/client.js";
import { type Position } from "../protocol/messages.js";
import type { Member } from "../protocol/roster.js";
import { type Box } from "./geometry.js";
/** The surface and the layer that is drawn on, in CSS pixels of the screen. */
export interface Canvas {
    readonly box: Box;
    readonly left: number;
    readonly top: number;
    /** Pixels of the screen for each of the layer's; not 1 if the page is zoomed or transformed. */
    readonly scale: number;
}
export declare class Cursors {
    #private;
    readonly element: HTMLDivElement;
    /** `appeared` is called when a cursor becomes visible. */
    constructor(client: PresenceClient, appeared: () => void);
    get reducedMotion(): boolean;
    /** Replace everyone. Those who stay keep their cursors in place. */
    replace(members: readonly Member[]): void;
    /** Draw attention to someone's cursor. Returns the fraction of the surface where it is. */
    find(user: number): Position | undefined;
    /** Returns whether any is still moving. */
    draw(canvas: Canvas | undefined, now: number): boolean;
}
