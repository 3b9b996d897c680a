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
     * Glide to `target` from where the cursor is at `now`. `pace` is the milliseconds the server asks between updates,
     * 0 = unknown. A glide takes the usual spacing if that is steady, else the spacing since the last push but not more
     * than the pace. The first push and `snap` jump.
     */
    push(target: Position, now: number, pace: number, snap?: boolean): void;
    /** The position at `now`: on the straight line to the target, and never beyond it. */
    at(now: number): Position;
    moving(now: number): boolean;
}
/**
 * Tells touches from pointers. The protocol does not: a finger sends one position and, lifted, that it is off the
 * board; a mouse sends many. So a cursor that appears counts as a touch until it has a second position.
 */
export declare class TouchDetector {
    #private;
    get isTouch(): boolean;
    /**
     * The cursor is at a position. `visible` tells whether it was visible before, `live` whether it has just moved
     * there. Returns whether a touch may begin here.
     */
    move(at: Position, visible: boolean, live: boolean): boolean;
}
