/**
 * What a cursor that appears is: an arrow, or the mark of a touch. Pure.
 *
 * The protocol knows no touch. A finger tells its place, and, lifted, that it is off the board; a
 * mouse tells many places. So whoever appears is a mark until they have been at a second place.
 */
import type { Position } from "../protocol/protocol.js";
export declare class Arrival {
    #private;
    /** Whether it looks like a touch. */
    get touch(): boolean;
    /**
     * At a place; `shown` tells whether it was to be seen before, `news` whether it has just come.
     * Returns whether a touch may begin here.
     */
    move(at: Position, shown: boolean, news: boolean): boolean;
}
