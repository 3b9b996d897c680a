/**
 * Decides what this session sends about itself, and when (PROTOCOL.md, RATE and STATE). Pure: the time, in
 * milliseconds, is an argument.
 *
 * There is no queue, only the difference between the present and what was sent. So the latest position wins, nothing
 * is sent twice, and a new session sends everything again.
 */
import { ACTIVE, AWAY } from "../protocol/messages.js";
import type { ClientState, CursorUpdate, OwnState, Position } from "../protocol/messages.js";

/** A state is sent at most this often. It does not wait for a longer interval of cursor updates. */
const STATE_INTERVAL = 100;

export class Throttle {
  #position: Position | undefined;
  #state: ClientState = ACTIVE;
  #hidden = false;

  #running = false;
  #interval = 0;
  #sentPosition: Position | undefined;
  #sentState: ClientState = ACTIVE;
  #sentAt = -Infinity;

  /** A session began. The server takes it for active and knows no position. A spectator sends nothing. */
  start(interval: number, spectator: boolean): void {
    this.#running = !spectator;
    this.#interval = interval;
    this.#sentPosition = undefined;
    this.#sentState = ACTIVE;
  }

  /** The session ended: send nothing until the next `start`. */
  stop(): void {
    this.#running = false;
  }

  /** Change the milliseconds between cursor updates; 0 = send none. */
  setInterval(interval: number): void {
    this.#interval = interval;
  }

  /** The pointer is at a position on the board. */
  move(position: Position): void {
    this.#position = position;
    this.#state = ACTIVE;
  }

  setState(state: ClientState): void {
    this.#state = state;
  }

  /** A session is away while its tab is hidden, whatever its pointer does. */
  setHidden(hidden: boolean): void {
    this.#hidden = hidden;
  }

  /** Take the message to send at `now`; undefined if there is none yet. */
  take(now: number): CursorUpdate | OwnState | undefined {
    const message = this.#next();
    if (!message || now < this.#dueAt(message)) return undefined;
    this.#sentAt = now;
    this.#sentState = message.type === "STATE" ? message.state : ACTIVE;
    if (message.type === "CURSOR_UPDATE") this.#sentPosition = this.#position;
    return message;
  }

  /** Milliseconds until `take` has a message; undefined if nothing is left to send. */
  wait(now: number): number | undefined {
    const message = this.#next();
    return message && Math.max(0, this.#dueAt(message) - now);
  }

  #next(): CursorUpdate | OwnState | undefined {
    if (!this.#running) return undefined;
    const position = this.#position;
    const state = this.#hidden ? AWAY : this.#state;
    const moved = JSON.stringify(position) !== JSON.stringify(this.#sentPosition);
    if (state === ACTIVE && position && moved && this.#interval > 0) return { type: "CURSOR_UPDATE", ...position };
    return state === this.#sentState ? undefined : { type: "STATE", state };
  }

  #dueAt(message: CursorUpdate | OwnState): number {
    const gap = message.type === "STATE" ? Math.min(this.#interval || STATE_INTERVAL, STATE_INTERVAL) : this.#interval;
    return this.#sentAt + gap;
  }
}
