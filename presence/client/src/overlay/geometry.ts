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

export type Corners = readonly [Position, Position, Position, Position];

/** A flat thing on the screen, however it is turned, and coordinates of its own. */
export interface Plane {
  toScreen(own: Position): Position;
  toOwn(point: Position): Position;
}

/** How the fractions of one box, including what is scrolled away, lie on the screen at one time. */
export interface View {
  /** The rectangle around the part of the screen that shows the box. */
  readonly clip: Rect;
  /** Whether a point is where the box shows, if it is that large. */
  shows(point: Position): boolean;
  /** The point of a fraction, whether it is visible or not. */
  toScreen(fraction: Position): Position;
  /** The fractions, 0..1 each, under a point; undefined if the point is not on the visible box. */
  toFraction(point: Position): Position | undefined;
}

/** Pixels by which rounding may move the fourth corner of a parallelogram. Firefox rounds to 1/60 of a pixel. */
const ROUNDING = 0.1;
/** What is out of a rectangle by no more than this is on its edge. */
const SLACK = 1e-6;

/** What fractions are of. */
export const SQUARE = rectOf(0, 0, 1, 1);

export function rectOf(left: number, top: number, width: number, height: number): Rect {
  return { left, top, right: left + width, bottom: top + height };
}

export function intersect(one: Rect, other: Rect): Rect {
  return {
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  };
}

/** The smallest rectangle that has all of some points. */
export function rectAround(points: readonly Position[]): Rect {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

export function contains({ left, top, right, bottom }: Rect, { x, y }: Position): boolean {
  return x >= left - SLACK && x <= right + SLACK && y >= top - SLACK && y <= bottom + SLACK;
}

/** From the top left one, line by line. */
export function corners({ left, top, right, bottom }: Rect): Corners {
  return [{ x: left, y: top }, { x: right, y: top }, { x: left, y: bottom }, { x: right, y: bottom }];
}

/** The view of a box of the screen. */
export function boxView(box: Rect, clip: Rect): View {
  return viewOf(planeOf(box, corners(SQUARE), SQUARE), clip);
}

/** The view of a box by its fractions, where `clip` and all windows, given by theirs, show it. */
export function viewOf({ toScreen, toOwn }: Plane, clip: Rect, windows: readonly Plane[] = []): View {
  const shows = (point: Position) => contains(clip, point) && windows.every((window) => contains(SQUARE, window.toOwn(point)));
  return {
    clip,
    shows,
    toScreen,
    toFraction(point) {
      const fraction = toOwn(point);
      return contains(SQUARE, fraction) && shows(point) ? fraction : undefined;
    },
  };
}

/** The fractions of `box` on the screen, if the corners of `rect` on the screen are at `points` where `box` is. */
export function planeOf(rect: Rect, [p, q, r, s]: Corners, { left, top, right, bottom }: Rect): Plane {
  const fourth = { x: q.x + r.x - p.x, y: q.y + r.y - p.y };
  const flat = Math.hypot(fourth.x - s.x, fourth.y - s.y) < ROUNDING;
  const part = ({ x, y }: Position) => ({ x: (x - left) / (right - left), y: (y - top) / (bottom - top) });
  const own: Corners = [part(p), part(q), part(r), part(flat ? fourth : s)];
  const screen = corners(rect);
  return { toScreen: straightMap(own, screen), toOwn: straightMap(screen, own) };
}

/**
 * The map that takes four points to four others and keeps lines straight. A point is the mean of three points with some
 * weights. A map in perspective multiplies each weight by a factor, which the fourth point tells.
 */
function straightMap(from: Corners, to: Corners): (point: Position) => Position {
  const before = weights(from, from[3]);
  const factors = weights(to, to[3]).map((weight, n) => weight / before[n]!);
  return (point) => {
    const parts = weights(from, point).map((weight, n) => weight * factors[n]!);
    const mean = (axis: "x" | "y") => sum(parts.map((part, n) => part * to[n]![axis])) / sum(parts);
    return { x: mean("x"), y: mean("y") };
  };
}

/** Of the first three points, so that their mean is a point: each is the area between the point and the other two. */
function weights([p, q, r]: Corners, point: Position): number[] {
  return [area(point, q, r), area(p, point, r), area(p, q, point)];
}

/** Of a parallelogram; negative for one turned over. */
function area(p: Position, q: Position, r: Position): number {
  return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other);
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
