/** Asks for how many people there were, of one plot, now and then. No DOM. */
import { browser, type Environment } from "../lib/environment.js";
import type { Trend } from "./series.js";

/** What of it: `count` buckets of a span, of a board or, "", of all of them. */
export interface Asked {
  readonly url: string;
  readonly span: string;
  readonly count: number;
  readonly board: string;
  /** Whether there still is a plot to ask for. */
  isWanted(): boolean;
}

/** Without a trend it cannot be had now; `hide` what is shown where it may not be seen any more. */
export interface Answered {
  readonly trend: Trend | undefined;
  readonly hide: boolean;
}

const SECONDS: Readonly<Record<string, number>> = { minutes: 60, hours: 3600 };
const SOONEST = 30;
const LATEST = 300;
const POINTS = 1440;
/** Answers after which there is no use in asking again: signed out (0 leads to where one signs in), or not allowed. */
const SIGNED_OUT: ReadonlySet<number> = new Set([0, 401, 403]);
const HIDDEN: ReadonlySet<number> = new Set([...SIGNED_OUT, 404]);
/** In place of an answer that there was none. */
const NOBODY = -1;

export class History {
  #board: string;
  #isLeft = false;
  #asking: AbortController | undefined;
  #timer: unknown;
  readonly #unlisten: () => void;

  constructor(
    private readonly asked: Asked,
    private readonly heed: (answered: Answered) => void,
    private readonly environment: Environment = browser,
  ) {
    this.#board = asked.board;
    this.#unlisten = environment.listen((signal) => {
      if (signal === "pagehide") this.#isLeft = true;
      // A page is shown after it is loaded, too: then it has just asked.
      if (signal === "shown" || (signal === "pageshow" && this.#isLeft)) void this.#refresh();
    });
    void this.#refresh();
  }

  /** Ask for another board from now on. What was asked for before is not told any more. */
  show(board: string): void {
    this.#board = board;
    void this.#refresh();
  }

  close(): void {
    this.#unlisten();
    this.#asking?.abort();
    this.environment.clearTimer(this.#timer);
  }

  async #refresh(): Promise<void> {
    if (!this.asked.isWanted()) return this.close();
    this.environment.clearTimer(this.#timer);
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const { status, trend } = await this.#ask(asking.signal);
    if (asking.signal.aborted) return;
    if (SIGNED_OUT.has(status)) this.#unlisten();
    else this.#timer = this.environment.setTimer(() => this.#again(), this.#wait());
    this.heed({ trend, hide: HIDDEN.has(status) });
  }

  /** Not while nobody looks. */
  #again(): void {
    if (this.environment.visible()) void this.#refresh();
  }

  /** Until there is a point more to be seen. */
  #wait(): number {
    const seconds = ((SECONDS[this.asked.span] ?? 60) * this.asked.count) / POINTS;
    return Math.min(LATEST, Math.max(SOONEST, seconds)) * 1000;
  }

  async #ask(signal: AbortSignal): Promise<{ status: number; trend: Trend | undefined }> {
    const { url, span, count } = this.asked;
    const whole = new URL(url, this.environment.address());
    const board = this.#board ? { board: this.#board } : {};
    whole.search = String(new URLSearchParams({ span, count: String(count), ...board }));
    try {
      const { status, body } = await this.environment.fetch(whole.href, {}, signal, "manual");
      return { status, trend: status === 200 ? (body as Trend) : undefined };
    } catch {
      return { status: NOBODY, trend: undefined };
    }
  }
}
