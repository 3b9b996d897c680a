/**
 * Where the shared surface lies on the screen, and what that makes of a fraction of it. Pure.
 *
 * All lengths are CSS pixels from the viewport's top left corner, as in a pointer event's clientX.
 */
import type { Position } from "../protocol/protocol.js";
export interface Rect {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
}
/** The whole surface, the parts scrolled away included, and the part of it that can be seen. */
export interface Box {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly clip: Rect;
}
/** An element's padding box and scrolling as the DOM tells them; lengths before `scale`. */
export interface Scroller {
    /** The padding box's corner on the screen. */
    readonly left: number;
    readonly top: number;
    readonly scale: number;
    readonly clientWidth: number;
    readonly clientHeight: number;
    readonly scrollWidth: number;
    readonly scrollHeight: number;
    readonly scrollLeft: number;
    readonly scrollTop: number;
    readonly rightToLeft: boolean;
}
export declare function intersect(one: Rect, other: Rect): Rect;
export declare function contains({ left, top, right, bottom }: Rect, { x, y }: Position): boolean;
/** The part of an element inside its borders and scroll bars. */
export declare function paddingBox({ left, top, clientWidth, clientHeight, scale }: Scroller): Rect;
/** The whole scrollable box of an element whose visible part is `clip`. */
export declare function scrollBox(scroller: Scroller, clip: Rect): Box;
/** In a right-to-left element scrollLeft counts down from 0 at the right end (CSSOM View, scrollLeft). */
export declare function scrolledFromLeft({ rightToLeft, scrollLeft, scrollWidth, clientWidth }: Scroller): number;
/** The fraction, 0..1 each, under a point; undefined where the point is not on the visible surface. */
export declare function fractionAt(box: Box, point: Position): Position | undefined;
/** The point of a fraction, wherever that is. */
export declare function pointOf({ left, top, width, height }: Box, { x, y }: Position): Position;
