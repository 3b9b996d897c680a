/** Where at the rim of what can be seen someone beyond it is pointed to. Pure. */
import type { Rect } from "./geometry.js";
import type { Position } from "../protocol/protocol.js";

/** From the rim to the middle of the mark, in CSS pixels. */
export const INSET = 22;

export interface Edge extends Position {
  /** Degrees, clockwise from right. */
  readonly turn: number;
}

/** The mark for a point outside of `clip`: on the line to it from the middle. Undefined where there is no room. */
export function edgeFor({ left, top, right, bottom }: Rect, point: Position): Edge | undefined {
  const room = { x: (right - left) / 2 - INSET, y: (bottom - top) / 2 - INSET };
  if (room.x <= 0 || room.y <= 0) return undefined;
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const [dx, dy] = [point.x - middle.x, point.y - middle.y];
  // Dividing by 0 gives Infinity, which is the right answer: that side is never reached.
  const part = Math.min(room.x / Math.abs(dx), room.y / Math.abs(dy), 1);
  const turn = Math.round((Math.atan2(dy, dx) * 180) / Math.PI);
  return { x: middle.x + dx * part, y: middle.y + dy * part, turn };
}
