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

/** How the fractions of one box, including what is scrolled away, lie on the screen at one time. */
export interface View {
  /** The part of the screen that shows the box. */
  readonly clip: Rect;
  /** The point of a fraction, whether it is visible or not. */
  toScreen(fraction: Position): Position;
  /** The fractions, 0..1 each, under a point; undefined if the point is not on the visible box. */
  toFraction(point: Position): Position | undefined;
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

/** The view of a box without rotation that shows through `clip`. */
export function boxView(left: number, top: number, width: number, height: number, clip: Rect): View {
  return {
    clip,
    toScreen: ({ x, y }) => ({ x: left + x * width, y: top + y * height }),
    toFraction(point) {
      const x = (point.x - left) / width;
      const y = (point.y - top) / height;
      const inside = contains(clip, point) && x >= 0 && x <= 1 && y >= 0 && y <= 1;
      return inside ? { x, y } : undefined;
    },
  };
}

/** The view of the whole scrollable box of an element that shows through `clip`. */
export function scrollView(scroller: Scroller, clip: Rect): View {
  const { left, top, scale, clientWidth, scrollWidth, scrollHeight, scrollLeft, scrollTop, rightToLeft } = scroller;
  // From right to left, scrollLeft counts down from 0 at the right end (CSSOM View, scrollLeft).
  const scrolled = rightToLeft ? scrollWidth - clientWidth + scrollLeft : scrollLeft;
  return boxView(left - scrolled * scale, top - scrollTop * scale, scrollWidth * scale, scrollHeight * scale, clip);
}

/** From the edge of the view to the centre of a mark. */
export const EDGE_INSET = 22;

/** A mark at the edge of the view that points to someone outside of it. */
export interface EdgeMark extends Position {
  /** Degrees, clockwise from right. */
  readonly angle: number;
}

/** The mark for a point outside of `clip`, on the line from the centre to it; undefined without room, or if it is NaN. */
export function edgeMark({ left, top, right, bottom }: Rect, point: Position): EdgeMark | undefined {
  const room = { x: (right - left) / 2 - EDGE_INSET, y: (bottom - top) / 2 - EDGE_INSET };
  if (room.x <= 0 || room.y <= 0) return undefined;
  const center = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const [dx, dy] = [point.x - center.x, point.y - center.y];
  // Dividing by 0 gives Infinity, which is right: the line never reaches that edge.
  const part = Math.min(room.x / Math.abs(dx), room.y / Math.abs(dy), 1);
  if (isNaN(part)) return undefined;
  const angle = Math.round((Math.atan2(dy, dx) * 180) / Math.PI);
  return { x: center.x + dx * part, y: center.y + dy * part, angle };
}
