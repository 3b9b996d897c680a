/** Where at the rim of what can be seen someone beyond it is pointed to. Pure. */
import type { Rect } from "./geometry.js";
import type { Position } from "../protocol/protocol.js";
/** From the rim to the middle of the mark, in CSS pixels. */
export declare const INSET = 22;
export interface Edge extends Position {
    /** Degrees, clockwise from right. */
    readonly turn: number;
}
/** The mark for a point outside of `clip`: on the line to it from the middle. Undefined where there is no room. */
export declare function edgeFor({ left, top, right, bottom }: Rect, point: Position): Edge | undefined;
