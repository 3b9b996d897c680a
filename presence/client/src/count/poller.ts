/** Polls all counts of a page in one request while the page is visible. Time, randomness and HTTP are arguments. */
import type { Environment } from "../lib/environment.js";
import { backOff } from "../protocol/reconnect.js";

/** The server's limit of boards in one request. */
export const BOARDS_PER_REQUEST = 100;
/** Default of the milliseconds between two polls. */
export const DEFAULT_INTERVAL = 5000;
/** Two polls are at least this many milliseconds apart. */
export const LEAST_INTERVAL = 1000;

export type Counts = Readonly<Record<string, number>>;

/** An answer without counts is a failure. `retry` is the milliseconds to wait before the next request. */
export interface CountsAnswer {
  readonly counts?: Counts;
  /** Why some texts are no boards. */
  readonly errors?: readonly string[];
  readonly retry?: number;
}

export interface PollerEnvironment extends Pick<Environment, "now" | "random" | "setTimer" | "clearTimer" | "visible"> {
  /** Rejects if nobody answers. */
  get(url: string): Promise<CountsAnswer | null>;
}

/** Something that shows the count of a board. */
export interface CountView {
  readonly board: string;
  /** Milliseconds between two polls. */
  readonly interval: number;
  /** Whether it already shows a count. */
  readonly known: boolean;
  /** Without `counts` the poll failed. Counts without the view's board mean that it is not for this visitor. */
  update(counts?: Counts): void;
}

/** Parse a Retry-After in seconds (RFC 9110, section 10.2.3) as milliseconds; 0 for anything else. */
export function parseRetryAfter(header: string | null): number {
  return clamp(0, Number(header) * 1000 || 0);
}

/** Parse the attribute `every`, in seconds, as milliseconds. */
export function parseEvery(attribute: string | null): number {
  return clamp(LEAST_INTERVAL, Number(attribute) * 1000 || DEFAULT_INTERVAL);
}

/** At most a day: a browser runs a timer of some weeks at once. */
function clamp(least: number, milliseconds: number): number {
  return Math.min(Math.max(least, milliseconds), 86_400_000);
}

export class CountPoller {
  readonly #views = new Set<CountView>();
  /** Boards reported during the request: each report is newer than the answer. */
  readonly #reported = new Set<string>();
  #timer: unknown;
  #polling = false;
  #failures = 0;
  #dueAt = Infinity;
  #notBefore = -Infinity;

  readonly #endpoint: string;
  readonly #environment: PollerEnvironment;

  constructor(endpoint: string, environment: PollerEnvironment) {
    this.#endpoint = endpoint;
    this.#environment = environment;
  }

  add(view: CountView): void {
    this.#views.add(view);
    this.#schedule(view.known ? this.#pause() : 0);
  }

  remove(view: CountView): void {
    this.#views.delete(view);
  }

  /** Poll as soon as allowed: the page is visible or online again. */
  refresh(): void {
    this.#schedule(0);
  }

  /** Show a count that is newer than any answer: an overlay on this page reported it. */
  report(board: string, count: number): void {
    this.#reported.add(board);
    this.#show([board], { [board]: count });
  }

  /** Poll after a wait in milliseconds, unless a poll is due sooner. */
  #schedule(wait: number): void {
    const environment = this.#environment;
    const now = environment.now();
    this.#dueAt = Math.min(this.#dueAt, now + wait);
    if (this.#polling) return;
    environment.clearTimer(this.#timer);
    this.#timer = environment.setTimer(() => void this.#poll(), Math.max(this.#dueAt, this.#notBefore) - now);
  }

  async #poll(): Promise<void> {
    this.#dueAt = Infinity;
    // A hidden page polls again with `refresh`.
    if (!this.#environment.visible() || !this.#views.size) return;
    this.#polling = true;
    this.#reported.clear();
    const boards = [...new Set([...this.#views].map(({ board }) => board))];
    const requests = [];
    while (boards.length) requests.push(this.#request(boards.splice(0, BOARDS_PER_REQUEST)));
    const failures = (await Promise.all(requests)).flat();
    this.#polling = false;
    this.#failures = failures.length && this.#failures + 1;
    this.#notBefore = this.#environment.now() + Math.max(LEAST_INTERVAL, ...failures);
    if (this.#views.size) this.#schedule(this.#pause());
  }

  /** Request and show the counts of some boards. Resolves with one item if that failed: the milliseconds to wait. */
  async #request(boards: readonly string[]): Promise<number[]> {
    const url = `${this.#endpoint}?${boards.map((board) => `board=${encodeURIComponent(board)}`).join("&")}`;
    const answer = await this.#environment.get(url).catch(() => undefined);
    this.#show(boards.filter((board) => !this.#reported.has(board)), answer?.counts);
    return answer?.counts ? [] : [answer?.retry || 0];
  }

  /** Milliseconds until the next poll. Jitter keeps many pages from polling in step. */
  #pause(): number {
    const environment = this.#environment;
    const interval = Math.min(...[...this.#views].map((view) => view.interval));
    const jittered = interval * (0.8 + 0.4 * environment.random());
    return jittered + (this.#failures && backOff(this.#failures, environment.random()));
  }

  #show(boards: readonly string[], counts?: Counts): void {
    for (const view of this.#views) if (boards.includes(view.board)) view.update(counts);
  }
}
