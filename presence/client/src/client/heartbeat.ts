/** Keeps one open socket alive: sends heartbeats and notices silence and sleep (PROTOCOL.md, HEARTBEAT). */
import type { Environment } from "../lib/environment.js";

const HEARTBEAT_INTERVAL = 15_000;
/** The socket is dead after this long without any frame: two heartbeats unanswered, and a third due. */
const SILENCE_TIMEOUT = 40_000;
/** How long the server may take to answer a check. */
const ANSWER_TIMEOUT = 5_000;
/** While the page is visible, test this often whether the machine slept. */
const SLEEP_CHECK_INTERVAL = 5_000;
/** A timer this late by the wall clock means that the machine slept. */
const SLEEP_THRESHOLD = 10_000;
/** After a sleep this long the server has closed the socket, which it does after 90 s of silence. */
const SERVER_TIMEOUT = 85_000;

export interface HeartbeatEvents {
  /** Send a heartbeat now. */
  beat(): void;
  /** The socket is dead. */
  dead(): void;
}

export class Heartbeat {
  #timer: unknown;
  #receivedAt = 0;
  #sentAt = 0;
  /** When the timer is due by the wall clock. */
  #dueAt = 0;

  constructor(
    private readonly environment: Environment,
    private readonly events: HeartbeatEvents,
  ) {}

  start(): void {
    this.#receivedAt = this.#sentAt = this.environment.now();
    this.#schedule();
  }

  stop(): void {
    this.environment.clearTimer(this.#timer);
  }

  /** Any frame arrived. */
  received(): void {
    this.#receivedAt = this.environment.now();
  }

  /**
   * The page is shown again: check the socket if it was silent. Silence alone does not condemn it, because a
   * browser slows down the timers of a hidden tab.
   */
  shown(): void {
    if (this.environment.now() - this.#receivedAt >= HEARTBEAT_INTERVAL) this.check();
  }

  /** The network changed or the machine slept: send a heartbeat and wait only briefly for the answer. */
  check(): void {
    const now = this.environment.now();
    this.#receivedAt = now - SILENCE_TIMEOUT + ANSWER_TIMEOUT;
    this.#beat(now);
    this.#schedule();
  }

  #schedule(): void {
    const { environment } = this;
    const now = environment.now();
    const checkAt = Math.min(this.#receivedAt + SILENCE_TIMEOUT, now + SLEEP_CHECK_INTERVAL);
    const nextAt = Math.min(this.#sentAt + HEARTBEAT_INTERVAL, environment.visible() ? checkAt : Infinity);
    const wait = Math.max(0, nextAt - now);
    environment.clearTimer(this.#timer);
    this.#dueAt = environment.wall() + wait;
    this.#timer = environment.setTimer(() => this.#tick(), wait);
  }

  #tick(): void {
    const { environment } = this;
    const [now, late] = [environment.now(), environment.wall() - this.#dueAt];
    if (environment.visible()) {
      const silent = now - this.#receivedAt >= SILENCE_TIMEOUT;
      if (late >= SERVER_TIMEOUT || (silent && late < SLEEP_THRESHOLD)) return this.events.dead();
      if (late >= SLEEP_THRESHOLD) return this.check();
    }
    if (now - this.#sentAt >= HEARTBEAT_INTERVAL) this.#beat(now);
    this.#schedule();
  }

  #beat(now: number): void {
    this.#sentAt = now;
    this.events.beat();
  }
}
