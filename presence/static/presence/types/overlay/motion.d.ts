/** How one cursor appears and glides between the positions that arrive. Pure: times are milliseconds. */
import type { Position } from "../protocol/messages.js";
/** A glide takes at least a frame, and at most this long, or it would lag behind the hand. */
export declare const SHORTEST_GLIDE = 16;
export declare const LONGEST_GLIDE = 250;
/** The glide after a pause is short: the spacing says nothing about the speed. */
export declare const GLIDE_AFTER_PAUSE = 24;
export declare class Motion {
    #private;
    /**
     * Glide to `target` from where the cursor is at `now`. `pace` is the milliseconds between updates that the server
     * asks for, 0 = unknown. A glide takes the usual spacing if that is steady, else the spacing since the last push but
     * not more than the pace. The first push and `snap` jump.
     */
    push(target: Position, now: number, pace: number, snap?: boolean): void;
    /** The position at `now`: on the straight line to the target, and never beyond it. */
    at(now: number): Position;
    moving(now: number): boolean;
}
/**
 * Distinguishes touches from pointers, which the protocol does not. A finger sends one position, and that it is off
 * the board when it is lifted; a mouse sends many positions. So a cursor that appears counts as a touch until it has a
 * second position.
 */
export declare class TouchDetector {
    #private;
    get isTouch(): boolean;
    /**
     * The cursor is at a position. `visible`: it was visible before. `live`: it has just moved there. Returns whether a
     * touch may begin here.
     */
    move(at: Position, visible: boolean, live: boolean): boolean;
}
