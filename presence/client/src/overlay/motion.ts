/** How one cursor appears and glides between the positions that arrive. Pure: times are milliseconds. */
import type { Position } from "../protocol/messages.js";

/** A glide takes at least a frame, and at most this long, or it would lag behind the hand. */
export const SHORTEST_GLIDE = 16;
export const LONGEST_GLIDE = 250;
/** The glide after a pause is short: the spacing says nothing about the speed. */
export const GLIDE_AFTER_PAUSE = 24;
/** A spacing longer than this many paces is a pause. */
const PACES_OF_PAUSE = 3;
/**
 * After this many evenly spaced moves, glides last as long as the usual spacing, even if the pace allows more moves.
 * Fewer would delay single moves.
 */
const STEADY_MOVES = 10;
/** A spacing may differ from the usual one by this part of it and still be even, because networks vary. */
const TOLERANCE = 0.5;
/** A steady glide is longer than the usual spacing, so that a late position finds the cursor still moving. */
const SLACK = 1.25;

export class Motion {
  #from: Position = { x: 0, y: 0 };
  #to: Position | undefined;
  #startedAt = 0;
  #duration = 0;
  #usualSpacing = 0;
  #steadyMoves = 0;

  /**
   * Glide to `target` from where the cursor is at `now`. `pace` is the milliseconds between updates that the server
   * asks for, 0 = unknown. A glide takes the usual spacing if that is steady, else the spacing since the last push but
   * not more than the pace. The first push and `snap` jump.
   */
  push(target: Position, now: number, pace: number, snap = false): void {
    const first = this.#to === undefined;
    this.#from = first ? target : this.at(now);
    const spacing = now - this.#startedAt;
    this.#learn(spacing);
    const steady = this.#steadyMoves >= STEADY_MOVES ? this.#usualSpacing * SLACK : undefined;
    this.#duration = first || snap ? 0 : (steady ?? glideTime(spacing, pace));
    this.#startedAt = now;
    this.#to = target;
  }

  /** The position at `now`: on the straight line to the target, and never beyond it. */
  at(now: number): Position {
    const to = this.#to ?? this.#from;
    const part = this.#duration > 0 ? Math.max(0, (now - this.#startedAt) / this.#duration) : 1;
    if (part >= 1) return to;
    return { x: mix(this.#from.x, to.x, part), y: mix(this.#from.y, to.y, part) };
  }

  moving(now: number): boolean {
    return now - this.#startedAt < this.#duration;
  }

  #learn(spacing: number): void {
    const pause = spacing > LONGEST_GLIDE;
    const even = !pause && Math.abs(spacing - this.#usualSpacing) <= this.#usualSpacing * TOLERANCE;
    this.#steadyMoves = even ? this.#steadyMoves + 1 : 0;
    this.#usualSpacing = pause ? 0 : mix(this.#usualSpacing || spacing, spacing, 0.3);
  }
}

function glideTime(spacing: number, pace: number): number {
  if (spacing > (pace > 0 ? pace * PACES_OF_PAUSE : LONGEST_GLIDE)) return GLIDE_AFTER_PAUSE;
  return Math.min(Math.max(SHORTEST_GLIDE, Math.min(spacing, pace || LONGEST_GLIDE)), LONGEST_GLIDE);
}

function mix(from: number, to: number, part: number): number {
  return from + (to - from) * part;
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
