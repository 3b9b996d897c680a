/** The sign of life of one open socket: heartbeats out, silence noticed (PROTOCOL.md, HEARTBEAT). */
import type { Environment } from "./environment.js";

const BEAT = 15_000;
/** Nothing at all for so long: two heartbeats unanswered, and the third due. */
const SILENCE = 40_000;
/** How long the answer to a `nudge` may take where the silence was long already. */
const ANSWER = 5_000;

export interface PulseEvents {
  beat(): void;
  dead(): void;
}

export class Pulse {
  #timer: unknown;
  #heardAt = 0;
  #beatAt = 0;

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
   * The page is shown again or the network is back: whether the socket lived through it is to be
   * known soon. A hidden tab's timers are slow, so its silence alone does not condemn it.
   */
  nudge(): void {
    const now = this.environment.now();
    if (now - this.#heardAt < BEAT) return;
    this.#heardAt = Math.max(this.#heardAt, now - SILENCE + ANSWER);
    this.#beat(now);
    this.#schedule();
  }

  #schedule(): void {
    const { environment } = this;
    const silentAt = environment.visible() ? this.#heardAt + SILENCE : Infinity;
    const next = Math.min(this.#beatAt + BEAT, silentAt);
    environment.clearTimer(this.#timer);
    this.#timer = environment.setTimer(() => this.#tick(), Math.max(0, next - environment.now()));
  }

  #tick(): void {
    const now = this.environment.now();
    if (this.environment.visible() && now - this.#heardAt >= SILENCE) {
      this.events.dead();
      return;
    }
    if (now - this.#beatAt >= BEAT) this.#beat(now);
    this.#schedule();
  }

  #beat(now: number): void {
    this.#beatAt = now;
    this.events.beat();
  }
}
