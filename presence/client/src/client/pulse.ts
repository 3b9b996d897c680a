/** The sign of life of one open socket: heartbeats out, silence noticed (PROTOCOL.md, HEARTBEAT). */
import type { Environment } from "../lib/environment.js";

const BEAT = 15_000;
/** Nothing at all for so long: two heartbeats unanswered, and the third due. */
const SILENCE = 40_000;
/** How long an answer may take where there is reason to doubt that anybody is there. */
const ANSWER = 5_000;
/** While the page is seen, look so often whether the machine has slept. */
const LOOK = 5_000;
/** A timer so late, by the clock on the wall, says that it has. */
const SLEPT = 10_000;
/** After so long a sleep the server has hung up (PROTOCOL.md, HEARTBEAT). */
const GIVEN_UP = 85_000;

export interface PulseEvents {
  beat(): void;
  dead(): void;
}

export class Pulse {
  #timer: unknown;
  #heardAt = 0;
  #beatAt = 0;
  /** When, by the clock on the wall, the timer is due. */
  #dueAt = 0;

  constructor(
    private readonly environment: Environment,
    private readonly events: PulseEvents,
  ) {}

  start(): void {
    this.#heardAt = this.#beatAt = this.environment.now();
    this.#schedule();
  }

  stop(): void {
    this.environment.clearTimer(this.#timer);
  }

  /** Something arrived. */
  heard(): void {
    this.#heardAt = this.environment.now();
  }

  /**
   * The page is shown again: whether the socket lived through it is to be known soon. A hidden tab's
   * timers are slow, so its silence alone does not condemn it.
   */
  nudge(): void {
    if (this.environment.now() - this.#heardAt >= BEAT) this.doubt();
  }

  /** The network went or came, or the machine slept: ask now, and wait no longer than for an answer. */
  doubt(): void {
    const now = this.environment.now();
    this.#heardAt = now - SILENCE + ANSWER;
    this.#beat(now);
    this.#schedule();
  }

  #schedule(): void {
    const { environment } = this;
    const now = environment.now();
    const seen = environment.visible() ? Math.min(this.#heardAt + SILENCE, now + LOOK) : Infinity;
    const wait = Math.max(0, Math.min(this.#beatAt + BEAT, seen) - now);
    environment.clearTimer(this.#timer);
    this.#dueAt = environment.wall() + wait;
    this.#timer = environment.setTimer(() => this.#tick(), wait);
  }

  #tick(): void {
    const { environment } = this;
    const [now, late] = [environment.now(), environment.wall() - this.#dueAt];
    const silent = late >= GIVEN_UP || (late < SLEPT && now - this.#heardAt >= SILENCE);
    if (environment.visible() && silent) this.events.dead();
    else if (environment.visible() && late >= SLEPT) this.doubt();
    else this.#goOn(now);
  }

  #goOn(now: number): void {
    if (now - this.#beatAt >= BEAT) this.#beat(now);
    this.#schedule();
  }

  #beat(now: number): void {
    this.#beatAt = now;
    this.events.beat();
  }
}
