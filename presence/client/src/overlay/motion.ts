/**
 * How one cursor glides between the positions that arrive. Pure: the time, in milliseconds, is an
 * argument; positions are in whatever unit they are pushed in.
 */
import type { Position } from "../protocol/protocol.js";

/** A glide shorter than a frame is none; one longer than this would lag behind the hand. */
export const SHORTEST = 16;
export const LONGEST = 250;
/** After a pause the spacing says nothing, and nothing is to be bridged: a glance of a glide. */
export const AFTER_PAUSE = 24;
/** So many paces without a move are a pause. */
const PAUSE = 3;
/**
 * Who has moved at a steady rate so many times is taken to go on at it, though the pace would allow
 * a faster one. Not sooner: single moves would be late, and a slow board has a slow pace anyway.
 */
const STEADY = 10;
/** What still counts as the same rate: networks are not clocks. */
const UNSTEADINESS = 0.5;
/** A little longer than the rate asks, so that a point that comes late finds the cursor moving. */
const SLACK = 1.25;

export class Motion {
  #from: Position = { x: 0, y: 0 };
  #to: Position | undefined;
  #startedAt = 0;
  #duration = 0;
  #usual = 0;
  #steady = 0;

  /**
   * Head for `target` from wherever the cursor is at `now`. It takes as long as there usually is
   * between two pushes where that is steady; else as long as there was since the last one, but not
   * longer than the `pace`: the milliseconds the server asks between updates, 0 where unknown.
   * `snap` puts it there at once, and so does the first push.
   */
  push(target: Position, now: number, pace: number, snap = false): void {
    const first = this.#to === undefined;
    this.#from = first ? target : this.at(now);
    const spacing = now - this.#startedAt;
    this.#learn(spacing);
    const steady = this.#steady >= STEADY ? this.#usual * SLACK : undefined;
    this.#duration = first || snap ? 0 : (steady ?? glide(spacing, pace));
    this.#startedAt = now;
    this.#to = target;
  }

  /** Where the cursor is at `now`: on the straight line to the target, and never beyond it. */
  at(now: number): Position {
    const to = this.#to ?? this.#from;
    const part = this.#duration > 0 ? (now - this.#startedAt) / this.#duration : 1;
    if (part >= 1) return to;
    const done = Math.max(0, part);
    return { x: mix(this.#from.x, to.x, done), y: mix(this.#from.y, to.y, done) };
  }

  /** Whether it has yet to arrive. */
  moving(now: number): boolean {
    return now - this.#startedAt < this.#duration;
  }

  #learn(spacing: number): void {
    const pause = spacing > LONGEST;
    const steady = !pause && Math.abs(spacing - this.#usual) <= this.#usual * UNSTEADINESS;
    this.#steady = steady ? this.#steady + 1 : 0;
    this.#usual = pause ? 0 : mix(this.#usual || spacing, spacing, 0.3);
  }
}

function glide(spacing: number, pace: number): number {
  if (spacing > (pace > 0 ? pace * PAUSE : LONGEST)) return AFTER_PAUSE;
  return Math.min(Math.max(SHORTEST, Math.min(spacing, pace || LONGEST)), LONGEST);
}

function mix(from: number, to: number, part: number): number {
  return from + (to - from) * part;
}
