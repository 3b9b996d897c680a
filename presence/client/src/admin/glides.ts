/** Where the cursors of the map are at any time, and where on it that is. Pure: times are milliseconds. */
import type { Position } from "../protocol/protocol.js";
import type { Cursor } from "./told.js";

/** Where a cursor is said to be is told so often, and so long it takes to get there: always at the
 * same speed, so that one who goes on and on does not seem to stop four times a second. */
export const GLIDE = 250;
/** More than this nobody could tell apart. */
export const MOST = 500;
const UNITS = 65_535;

/** A cursor at some time, in fractions of the board. */
export interface Place extends Position {
  /** Of the person. */
  readonly key: string;
}

interface Glide {
  readonly key: string;
  readonly from: Position;
  readonly to: Position;
  /** When it began; what never does is there already. */
  readonly since: number;
}

export class Glides {
  #glides = new Map<string, Glide>();

  get count(): number {
    return this.#glides.size;
  }

  /** Head for where these are, from wherever they seem to be; what is new, or all where `calm`, at once. */
  show(cursors: ReadonlyMap<string, Cursor>, now: number, calm = false): void {
    const shown = [...cursors].slice(0, MOST);
    this.#glides = new Map(shown.map(([session, cursor]) => [session, this.#head(session, cursor, now, calm)]));
  }

  at(now: number): Place[] {
    return [...this.#glides.values()].map((glide) => ({ key: glide.key, ...along(glide, now) }));
  }

  /** Whether any has yet to arrive. */
  moving(now: number): boolean {
    return [...this.#glides.values()].some(({ since }) => now - since < GLIDE);
  }

  #head(session: string, [key, x, y]: Cursor, now: number, calm: boolean): Glide {
    const to = { x: x / UNITS, y: y / UNITS };
    const before = this.#glides.get(session);
    if (calm || before?.key !== key) return { key, from: to, to, since: -Infinity };
    if (before.to.x === to.x && before.to.y === to.y) return before;
    return { key, from: along(before, now), to, since: now };
  }
}

function along({ from, to, since }: Glide, now: number): Position {
  const part = Math.min(1, Math.max(0, (now - since) / GLIDE));
  const mix = (one: number, other: number) => (part === 1 ? other : one + (other - one) * part);
  return { x: mix(from.x, to.x), y: mix(from.y, to.y) };
}

/** The width and height of something, in CSS pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the tip of a cursor is on a map, on which there is room for all of it (its `size`) everywhere. */
export function pointOn(map: Size, { x, y }: Position, size: number): Position {
  return { x: x * (map.width - size), y: y * (map.height - size) };
}

/** Where the name of a cursor begins: below it at its end, above it where there is no room, never beyond the rim. */
export function labelAt(map: Size, tip: Position, label: Size, size: number): Position {
  const below = tip.y + size;
  const y = below + label.height > map.height ? tip.y - label.height : below;
  return { x: Math.max(0, Math.min(tip.x + size * 0.6, map.width - label.width)), y: Math.max(0, y) };
}
