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

export function intersect(one: Rect, other: Rect): Rect {
  return {
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  };
}

export function contains({ left, top, right, bottom }: Rect, { x, y }: Position): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

/** The part of an element inside its borders and scroll bars. */
export function paddingBox({ left, top, clientWidth, clientHeight, scale }: Scroller): Rect {
  return { left, top, right: left + clientWidth * scale, bottom: top + clientHeight * scale };
}

/** The whole scrollable box of an element whose visible part is `clip`. */
export function scrollBox(scroller: Scroller, clip: Rect): Box {
  const { left, top, scale, scrollWidth, scrollHeight, scrollTop } = scroller;
  return {
    left: left - scrolledFromLeft(scroller) * scale,
    top: top - scrollTop * scale,
    width: scrollWidth * scale,
    height: scrollHeight * scale,
    clip,
  };
}

/** In a right-to-left element scrollLeft counts down from 0 at the right end (CSSOM View, scrollLeft). */
export function scrolledFromLeft({ rightToLeft, scrollLeft, scrollWidth, clientWidth }: Scroller): number {
  return rightToLeft ? scrollWidth - clientWidth + scrollLeft : scrollLeft;
}

/** The fraction, 0..1 each, under a point; undefined where the point is not on the visible surface. */
export function fractionAt(box: Box, point: Position): Position | undefined {
  const x = (point.x - box.left) / box.width;
  const y = (point.y - box.top) / box.height;
  const inside = contains(box.clip, point) && x >= 0 && x <= 1 && y >= 0 && y <= 1;
  return inside ? { x, y } : undefined;
}

/** The point of a fraction, wherever that is. */
export function pointOf({ left, top, width, height }: Box, { x, y }: Position): Position {
  return { x: left + x * width, y: top + y * height };
}
