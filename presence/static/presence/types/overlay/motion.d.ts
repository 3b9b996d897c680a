/**
 * How one cursor glides between the positions that arrive. Pure: the time, in milliseconds, is an
 * argument; positions are in whatever unit they are pushed in.
 */
import type { Position } from "../protocol/protocol.js";
/** A glide shorter than a frame is none; one longer than this would lag behind the hand. */
export declare const SHORTEST = 16;
export declare const LONGEST = 250;
/** After a pause the spacing says nothing, and nothing is to be bridged: a glance of a glide. */
export declare const AFTER_PAUSE = 24;
export declare class Motion {
    #private;
    /**
     * Head for `target` from wherever the cursor is at `now`. It takes as long as there usually is
     * between two pushes where that is steady; else as long as there was since the last one, but not
     * longer than the `pace`: the milliseconds the server asks between updates, 0 where unknown.
     * `snap` puts it there at once, and so does the first push.
     */
    push(target: Position, now: number, pace: number, snap?: boolean): void;
    /** Where the cursor is at `now`: on the straight line to the target, and never beyond it. */
    at(now: number): Position;
    /** Whether it has yet to arrive. */
    moving(now: number): boolean;
}
