/**
 * Where the shared surface lies on the screen, and where fractions of it and marks at its edge lie. Pure.
 *
 * All lengths are CSS pixels from the viewport's top left corner, like a pointer event's clientX.
 */
import type { Position } from "../protocol/messages.js";
export interface Rect {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
}
/** The whole surface, including what is scrolled away, and `clip`, the part of the screen that shows it. */
export interface Box {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
    readonly clip: Rect;
}
/** An element's padding box and scrolling as the DOM reports them: the lengths are not scaled yet. */
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
/** The whole scrollable box of an element that shows through `clip`. */
export declare function scrollBox(scroller: Scroller, clip: Rect): Box;
/** The fractions, 0..1 each, under a point; undefined if the point is not on the visible surface. */
export declare function fractionAt(box: Box, point: Position): Position | undefined;
/** The point of a fraction, whether it is visible or not. */
export declare function pointOf({ left, top, width, height }: Box, { x, y }: Position): Position;
/** From the edge of the view to the centre of a mark. */
export declare const EDGE_INSET = 22;
/** A mark at the edge of the view that points to someone outside of it. */
export interface EdgeMark extends Position {
    /** Degrees, clockwise from right. */
    readonly angle: number;
}
/** The mark for a point outside of `clip`, on the line from the centre to it; undefined if there is no room. */
export declare function edgeMark({ left, top, right, bottom }: Rect, point: Position): EdgeMark | undefined;
