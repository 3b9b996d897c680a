/** How one cursor appears and glides between the positions that arrive. Pure: times are milliseconds. */
import type { Position } from "../protocol/messages.js";

/** A glide takes at least a frame, and at most this long, or it would lag behind the hand. */
export const SHORTEST_GLIDE = 16;
export const LONGEST_GLIDE = 250;
/** A spacing longer than this, or than this many paces, is a pause. */
const PACES_OF_PAUSE = 3;
/**
 * After this many evenly spaced moves, glides last as long as the usual spacing, even if the pace allows more moves.
 * Fewer would delay single moves.
 */
const STEADY_MOVES = 10;
/** A spacing may differ from the usual one by this part of it and still be even, because networks vary. */
const TOLERANCE = 0.5;
/**
 * A glide leads beyond its target by this part of the way that the hand makes in a glide. Without news the cursor slows
 * down there and comes back, so a late position finds it still moving. `benchmarks/motion.mjs` measures what comes of it
 * (docs/overlay.md, Motion).
 */
const LEAD = 0.3;

export class Motion {
  #from: Position = { x: 0, y: 0 };
  /** Where the glide leads. From there it comes back to `to`. */
  #ahead = this.#from;
  #to: Position | undefined;
  #startedAt = 0;
  #duration = 0;
  #usualSpacing = 0;
  #steadyMoves = 0;

  /**
   * Glide to `target`, fractions 0..1, from where the cursor is at `now`. `pace` is the milliseconds between updates
   * that the server asks for, 0 = unknown. A glide takes the usual spacing if that is steady, else the pace. The first
   * push and `snap` jump.
   */
  push(target: Position, now: number, pace: number, snap = false): void {
    const last = this.#to;
    this.#from = last ? this.at(now) : target;
    const spacing = now - this.#startedAt;
    this.#learn(spacing, pace);
    const expected = this.#steadyMoves >= STEADY_MOVES ? this.#usualSpacing : pace || spacing;
    const duration = clamp(expected, SHORTEST_GLIDE, LONGEST_GLIDE);
    this.#ahead = between(last ?? target, target, 1 + (LEAD * duration) / Math.max(spacing, duration));
    this.#duration = last && !snap ? duration : 0;
    this.#startedAt = now;
    this.#to = target;
  }

  /** The position at `now`. */
  at(now: number): Position {
    const to = this.#to ?? this.#from;
    if (!this.moving(now)) return to;
    const part = Math.max(0, (now - this.#startedAt) / this.#duration);
    const back = part - 1;
    if (back < 0) return between(this.#from, this.#ahead, part);
    return between(to, this.#ahead, 1 + back - 2 * back * back);
  }

  /** Whether it has not come to rest: the way back takes as long as the glide. */
  moving(now: number): boolean {
    return now - this.#startedAt < 2 * this.#duration;
  }

  #learn(spacing: number, pace: number): void {
    const pause = spacing > Math.max(LONGEST_GLIDE, pace * PACES_OF_PAUSE);
    const even = !pause && Math.abs(spacing - this.#usualSpacing) <= this.#usualSpacing * TOLERANCE;
    this.#steadyMoves = even ? this.#steadyMoves + 1 : 0;
    this.#usualSpacing = pause ? 0 : mix(this.#usualSpacing || spacing, spacing, 0.3);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

function mix(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}

/** A point of the line through two others, but none outside of the surface. */
function between(from: Position, to: Position, part: number): Position {
  return { x: clamp(mix(from.x, to.x, part), 0, 1), y: clamp(mix(from.y, to.y, part), 0, 1) };
}

/**
 * Distinguishes touches from pointers, which the protocol does not. A finger sends one position, and that it is off
 * the board when it is lifted; a mouse sends many positions. So a cursor that appears counts as a touch until it has a
 * second position.
 */
export class TouchDetector {
  #first: Position | undefined;

  get isTouch(): boolean {
    return this.#first !== undefined;
  }

  /**
   * The cursor is at a position. `visible`: it was visible before. `live`: it has just moved there. Returns whether a
   * touch may begin here.
   */
  move(at: Position, visible: boolean, live: boolean): boolean {
    const begins = !visible && live;
    const stays = visible && at.x === this.#first?.x && at.y === this.#first.y;
    this.#first = begins || stays ? at : undefined;
    return begins;
  }
}
