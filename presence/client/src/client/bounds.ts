/** Positions in coordinates of the site's own, which are fractions of a rectangle on the wire. Pure. */
import type { Position } from "../protocol/messages.js";

/**
 * A rectangle in coordinates of the site's own. On the wire it has 65,536 steps in each direction, and positions outside
 * of it are moved to its edge. A negative height has the y axis point up.
 */
export interface Bounds extends Position {
  readonly width: number;
  readonly height: number;
}

/** The bounds of who has no coordinates of their own: positions are fractions. */
export const UNIT: Bounds = { x: 0, y: 0, width: 1, height: 1 };

export function fractionIn(bounds: Bounds, { x, y }: Position): Position {
  return { x: (x - bounds.x) / bounds.width, y: (y - bounds.y) / bounds.height };
}

export function pointIn(bounds: Bounds, { x, y }: Position): Position {
  return { x: bounds.x + x * bounds.width, y: bounds.y + y * bounds.height };
}
