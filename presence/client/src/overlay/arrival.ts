/**
 * What a cursor that appears is: an arrow, or the mark of a touch. Pure.
 *
 * The protocol knows no touch. A finger tells its place, and, lifted, that it is off the board; a
 * mouse tells many places. So whoever appears is a mark until they have been at a second place.
 */
import type { Position } from "../protocol/protocol.js";

export class Arrival {
  #first: Position | undefined;

  /** Whether it looks like a touch. */
  get touch(): boolean {
    return this.#first !== undefined;
  }

  /**
   * At a place; `shown` tells whether it was to be seen before, `news` whether it has just come.
   * Returns whether a touch may begin here.
   */
  move(at: Position, shown: boolean, news: boolean): boolean {
    const begins = !shown && news;
    const stays = shown && at.x === this.#first?.x && at.y === this.#first.y;
    this.#first = begins || stays ? at : undefined;
    return begins;
  }
}
