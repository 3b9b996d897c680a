/** Where the map's cursors are at any time, and where they and their names are drawn. Pure: times are milliseconds. */
import type { Position } from "../protocol/messages.js";
import type { Cursor } from "./board.js";

/** A glide takes as long as two updates are apart, so that a cursor that keeps moving never stops in between. */
export const GLIDE_TIME = 250;
/** Nobody could tell more cursors apart. */
export const MOST_CURSORS = 500;
const UNITS = 65_535;

/** A cursor in fractions of the board. */
export interface PlacedCursor extends Position {
  /** The person's key. */
  readonly key: string;
}

interface Glide {
  readonly key: string;
  readonly from: Position;
  readonly to: Position;
  readonly startedAt: number;
}

export class MapCursors {
  #glides = new Map<string, Glide>();

  get count(): number {
    return this.#glides.size;
  }

  /** Glide to new positions. New cursors jump there, and with `reducedMotion` all do. */
  show(cursors: ReadonlyMap<string, Cursor>, now: number, reducedMotion = false): void {
    const glides = [...cursors].slice(0, MOST_CURSORS).map(([session, cursor]) => {
      return [session, this.#glide(session, cursor, now, reducedMotion)] as const;
    });
    this.#glides = new Map(glides);
  }

  at(now: number): PlacedCursor[] {
    return [...this.#glides.values()].map((glide) => ({ key: glide.key, ...positionOf(glide, now) }));
  }

  moving(now: number): boolean {
    return [...this.#glides.values()].some(({ startedAt }) => now - startedAt < GLIDE_TIME);
  }

  #glide(session: string, [key, x, y]: Cursor, now: number, reducedMotion: boolean): Glide {
    const to = { x: x / UNITS, y: y / UNITS };
    const before = this.#glides.get(session);
    if (reducedMotion || before?.key !== key) return { key, from: to, to, startedAt: -Infinity };
    if (before.to.x === to.x && before.to.y === to.y) return before;
    return { key, from: positionOf(before, now), to, startedAt: now };
  }
}

function positionOf({ from, to, startedAt }: Glide, now: number): Position {
  const part = Math.min(1, Math.max(0, (now - startedAt) / GLIDE_TIME));
  const mix = (one: number, other: number) => (part === 1 ? other : one + (other - one) * part);
  return { x: mix(from.x, to.x), y: mix(from.y, to.y) };
}

/** A width and height in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The tip of a cursor of a `size` on a map that has room for all of the cursor everywhere. */
export function tipOf(map: Size, { x, y }: Position, size: number): Position {
  return { x: x * (map.width - size), y: y * (map.height - size) };
}

/** The corner of a name: below its cursor, or above where there is no room, and always on the map. */
export function labelPosition(map: Size, tip: Position, label: Size, size: number): Position {
  const below = tip.y + size;
  const y = below + label.height > map.height ? tip.y - label.height : below;
  return { x: Math.max(0, Math.min(tip.x + size * 0.6, map.width - label.width)), y: Math.max(0, y) };
}
