/**
 * What this session has to say of itself, and when it may (PROTOCOL.md, RATE and STATE). Pure: the
 * time, in milliseconds, is an argument.
 *
 * There is no queue: only the difference between what holds now and what the server has been told.
 * So the latest position always wins, nothing is said twice, and a reconnect says it all again.
 */
import {
  ACTIVE,
  AWAY,
  type ClientState,
  type CursorUpdate,
  type OwnState,
  type Position,
} from "../protocol/protocol.js";

/** States do not wait for a long interval, but a pointer trembling on the edge must not flood. */
const STATE_GAP = 100;

export class Throttle {
  #position: Position | undefined;
  #state: ClientState = ACTIVE;
  #hidden = false;

  #speaking = false;
  #interval = 0;
  #toldPosition: Position | undefined;
  #toldState: ClientState = ACTIVE;
  #toldAt = -Infinity;

  /** A session begins, told nothing yet and held to be active. A spectator is never heard. */
  welcome(interval: number, spectator: boolean): void {
    this.#speaking = !spectator;
    this.#interval = interval;
    this.#toldPosition = undefined;
    this.#toldState = ACTIVE;
  }

  /** The session is over: say nothing until the next `welcome`. */
  silence(): void {
    this.#speaking = false;
  }

  /** The server asks for `interval` milliseconds between cursor updates; 0 = none. */
  pace(interval: number): void {
    this.#interval = interval;
  }

  /** The pointer is at a position on the board. */
  move(position: Position): void {
    this.#position = position;
    this.#state = ACTIVE;
  }

  /** The pointer's state, as the page sees it. */
  restate(state: ClientState): void {
    this.#state = state;
  }

  /** While the tab is hidden its session is away, whatever the pointer does. */
  hide(hidden: boolean): void {
    this.#hidden = hidden;
  }

  /** The message to send at `now`, taken as sent; undefined where there is none, or not yet. */
  take(now: number): CursorUpdate | OwnState | undefined {
    const message = this.#next();
    if (!message || now < this.#due(message)) return undefined;
    this.#toldAt = now;
    this.#toldState = message.type === "STATE" ? message.state : ACTIVE;
    if (message.type === "CURSOR_UPDATE") this.#toldPosition = this.#position;
    return message;
  }

  /** Milliseconds until `take` has something; undefined where it has nothing at all. */
  wait(now: number): number | undefined {
    const message = this.#next();
    return message && Math.max(0, this.#due(message) - now);
  }

  #next(): CursorUpdate | OwnState | undefined {
    if (!this.#speaking) return undefined;
    const state = this.#hidden ? AWAY : this.#state;
    if (state === ACTIVE && this.#position && this.#interval > 0 && this.#moved(this.#position)) {
      return { type: "CURSOR_UPDATE", ...this.#position };
    }
    return state === this.#toldState ? undefined : { type: "STATE", state };
  }

  #due(message: CursorUpdate | OwnState): number {
    const gap = message.type === "STATE" ? Math.min(this.#interval || STATE_GAP, STATE_GAP) : this.#interval;
    return this.#toldAt + gap;
  }

  #moved({ x, y }: Position): boolean {
    return x !== this.#toldPosition?.x || y !== this.#toldPosition.y;
  }
}
