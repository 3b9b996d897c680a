import { type Box } from "./geometry.js";
import type { Position } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";
/** Where to draw: the surface, and the layer that is drawn on, in CSS pixels of the screen. */
export interface Canvas {
    readonly box: Box;
    readonly left: number;
    readonly top: number;
    /** Pixels of the screen for one of the layer's: not 1 where the page is zoomed or transformed. */
    readonly scale: number;
}
export declare class CursorView {
    #private;
    readonly element: HTMLDivElement;
    constructor();
    /** The fraction of the surface it is at or heads for, where it is to be seen. */
    get target(): Position | undefined;
    /** Its name and colour, also when they change. */
    introduce({ name, color, position }: Member): void;
    /**
     * Head for a fraction of the surface. What was not to be seen appears there at once; `news` tells
     * whether it has just come there, or was there before we were.
     */
    move(fraction: Position, now: number, pace: number, calm: boolean, news: boolean): void;
    /** Whether its person is active. */
    activate(active: boolean): void;
    /** Draw attention to it. */
    ripple(): void;
    /** Put it where it is at `now`. Writes only to the DOM. Returns whether it has yet to arrive. */
    draw(canvas: Canvas | undefined, now: number): boolean;
}
