/** Requests the history of one plot now and then, and summarises it. No DOM. */
import { browser, get, type Environment } from "../lib/environment.js";

/** Seconds since 1970 at which each minute or hour begins, with the average and most people; null = not recorded. */
export interface Trend {
  readonly at: readonly number[];
  readonly people: readonly (number | null)[];
  readonly peak: readonly (number | null)[];
}

export interface HistoryOptions {
  readonly url: string;
  readonly span: string;
  /** How many minutes or hours. */
  readonly count: number;
  /** A board's reference; empty = all boards together. */
  readonly board: string;
  /** Whether the plot is still on the page. */
  isWanted(): boolean;
}

/** Without a trend the request failed. `hide` says that what is shown is not for this person any more. */
export interface HistoryAnswer {
  readonly trend: Trend | undefined;
  readonly hide: boolean;
}

const SECONDS: Readonly<Record<string, number>> = { minutes: 60, hours: 3600 };
/** Seconds between two requests. */
const SHORTEST_PAUSE = 30;
const LONGEST_PAUSE = 300;
/** A plot of this many points changes visibly with each new one. */
const POINTS = 1440;
/** Statuses that end the requests: signed out (0 is a redirect, to the page to sign in), or not allowed. */
const ENDS: ReadonlySet<number> = new Set([0, 401, 403]);

export class History {
  #board: string;
  #left = false;
  #request: AbortController | undefined;
  #timer: unknown;
  readonly #unlisten: () => void;

  constructor(
    private readonly options: HistoryOptions,
    private readonly onAnswer: (answer: HistoryAnswer) => void,
    private readonly environment: Environment = browser,
  ) {
    this.#board = options.board;
    this.#unlisten = environment.listen((signal) => {
      if (signal === "pagehide") this.#left = true;
      // A page also receives pageshow when it loads, and then it has just sent a request.
      if (signal === "shown" || (signal === "pageshow" && this.#left)) void this.#refresh();
    });
    void this.#refresh();
  }

  /** Request another board from now on. */
  show(board: string): void {
    this.#board = board;
    void this.#refresh();
  }

  close(): void {
    this.#unlisten();
    this.#request?.abort();
    this.environment.clearTimer(this.#timer);
  }

  async #refresh(): Promise<void> {
    const { environment, options } = this;
    if (!options.isWanted()) return this.close();
    environment.clearTimer(this.#timer);
    this.#request?.abort();
    const { signal } = (this.#request = new AbortController());
    const answer = await get(environment, this.#url(), {}, signal, "manual").catch(() => undefined);
    if (signal.aborted) return;
    const ends = answer !== undefined && ENDS.has(answer.status);
    if (ends) this.#unlisten();
    else this.#timer = environment.setTimer(() => environment.visible() && void this.#refresh(), this.#pause());
    const trend = answer?.status === 200 ? (answer.body as Trend) : undefined;
    this.onAnswer({ trend, hide: ends || answer?.status === 404 });
  }

  /** Milliseconds until the plot has a new point. */
  #pause(): number {
    const { span, count } = this.options;
    const seconds = ((SECONDS[span] ?? 60) * count) / POINTS;
    return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, seconds)) * 1000;
  }

  #url(): string {
    const { url, span, count } = this.options;
    const whole = new URL(url, this.environment.address());
    const board = this.#board ? { board: this.#board } : {};
    whole.search = String(new URLSearchParams({ span, count: String(count), ...board }));
    return whole.href;
  }
}

export interface Summary {
  /** People in the last recorded minute or hour. */
  readonly people: number;
  readonly peak: number;
  /** When the peak was. */
  readonly at: number;
}

/** Returns undefined if nothing was recorded. */
export function summarize({ at, people, peak }: Trend): Summary | undefined {
  const last = lastRecorded(people);
  if (last < 0) return undefined;
  const most = Math.max(...peak.map((value) => value ?? 0));
  return { people: people[last] as number, peak: most, at: at[peak.indexOf(most)] as number };
}

/** The index of the last value that is not null; -1 if there is none. */
export function lastRecorded(values: readonly (number | null)[]): number {
  return values.reduce<number>((last, value, at) => (value === null ? last : at), -1);
}

/** The indices of values between gaps, which no line would show. */
export function isolated(values: readonly (number | null | undefined)[]): number[] {
  const recorded = (at: number) => values[at] !== null && values[at] !== undefined;
  return [...values.keys()].filter((at) => recorded(at) && !recorded(at - 1) && !recorded(at + 1));
}

/** The top of the scale, high enough that one person does not look like many. */
export function scaleTop(peak: readonly (number | null)[]): number {
  return Math.max(4, ...peak.map((value) => value ?? 0)) * 1.1;
}
