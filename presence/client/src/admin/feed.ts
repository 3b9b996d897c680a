/**
 * What a page of the admin is told of the boards: over one socket, and, while that cannot be had, by
 * asking now and then. It tells whoever opened it what changed, and how it is told.
 */
import { browser, type Environment, type Signal, type Socket } from "../lib/environment.js";
import { backOff } from "../protocol/returning.js";

/** What is told, by topic: what changed of it, or (of one that is told anew) all of it. */
export type Update = Readonly<Record<string, unknown>>;

/** `anew` has the topics of it of which nothing that was told before counts any more: a socket begins
 * with all of a topic, and an answer to who asks is always all that was asked for. */
export type OnUpdate = (update: Update, anew: ReadonlySet<string>) => void;

/** `connecting` at first; `live` over the socket; `polling` while it cannot be had; `stale` where
 * asking fails too; `paused` while nobody has looked at the page for long; `ended` for good: signed
 * out, or not allowed. */
export type Status = "connecting" | "live" | "polling" | "stale" | "paused" | "ended";

/** What is watched: the site's and the model's names, and what of each topic. */
export interface Watch {
  readonly site: string;
  readonly model?: string;
  readonly rows?: readonly string[];
  readonly board?: string;
  readonly overview?: true;
}

export interface FeedOptions {
  /** The socket's URL, relative to the page's. */
  readonly socket: string;
  /** Where to ask without a socket. */
  readonly feed: string;
  readonly watch: Watch;
  readonly environment?: Environment;
}

export interface Feed {
  readonly status: Status;
  /** Watch something else from now on. */
  watch(watch: Watch): void;
  close(): void;
}

/** As many as the server takes. */
export const MOST_ROWS = 1000;
/** A longer URL than of so many is refused on the way. */
const ROWS_AT_ONCE = 100;
/** The server says something every 15 s. */
const SILENT_AFTER = 40_000;
/** A socket that is back so soon needs nobody to ask. */
const POLL_AFTER = 1_500;
const POLL_EVERY = 5_000;
const ASK_WITHIN = 10_000;
/** A page that nobody looks at is told nothing any more after so long. */
const PAUSE_AFTER = 60_000;
const CLEAN = 1000;
/** Signed out (then the server may also lead to where one signs in, which is 0), or not allowed: asking again
 * would change nothing. */
const NOT_FOR_US: ReadonlySet<number> = new Set([4401, 4403, 0, 401, 403, 404]);
/** Not understood, as by a server that is older or newer than this script. */
const NONSENSE: ReadonlySet<number> = new Set([4400, 400]);

export function openFeed(
  options: FeedOptions,
  onUpdate: OnUpdate,
  onStatus: (status: Status) => void = () => {},
): Feed {
  return new LiveFeed(options, onUpdate, onStatus);
}

type Timer = "return" | "silence" | "poll" | "pause";

class LiveFeed implements Feed {
  status: Status = "connecting";
  #watched: Watch;
  #socket: Socket | undefined;
  #isOpen = false;
  #attempts = 0;
  #asking: AbortController | undefined;
  /** The topics that were told of since the page said what it watches. */
  readonly #told = new Set<string>();
  readonly #timers = new Map<Timer, unknown>();
  readonly #environment: Environment;
  readonly #unlisten: () => void;

  constructor(
    private readonly options: FeedOptions,
    private readonly onUpdate: OnUpdate,
    private readonly onStatus: (status: Status) => void,
  ) {
    this.#environment = options.environment ?? browser;
    this.#watched = options.watch;
    this.#unlisten = this.#environment.listen((signal) => this.#heed(signal));
    this.#connect();
    if (!this.#environment.visible()) this.#heed("hidden");
  }

  watch(watch: Watch): void {
    this.#watched = watch;
    if (this.#isOpen) this.#say();
  }

  close(): void {
    this.#stop();
    this.#unlisten();
    this.status = "ended";
  }

  #connect(): void {
    this.#cancel("return");
    this.#leave();
    const events = {
      opened: () => this.#opened(),
      received: (data: unknown) => this.#received(data),
      closed: (code: number) => this.#closed(code),
    };
    try {
      const url = new URL(this.options.socket, this.#environment.address());
      url.protocol = url.protocol.replace("http", "ws");
      this.#socket = this.#environment.open(url.href, [], events);
      this.#in("silence", SILENT_AFTER, () => this.#lost());
    } catch {
      this.#lost();
    }
    this.#pollSoon(POLL_AFTER);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#say();
  }

  #say(): void {
    this.#told.clear();
    const { rows, ...rest } = this.#watched;
    const said = rows ? { ...rest, rows: rows.slice(0, MOST_ROWS) } : rest;
    this.#socket?.send(JSON.stringify(said));
  }

  #received(data: unknown): void {
    this.#in("silence", SILENT_AFTER, () => this.#lost());
    this.#stopPolling();
    this.#attempts = 0;
    this.#tell("live");
    const update = JSON.parse(String(data)) as Update;
    const topics = Object.keys(update);
    if (topics.length === 0) return;
    const anew = new Set(topics.filter((topic) => !this.#told.has(topic)));
    for (const topic of topics) this.#told.add(topic);
    this.onUpdate(update, anew);
  }

  #closed(code: number): void {
    if (!this.#isOver(code)) this.#lost();
  }

  #lost(): void {
    this.#leave();
    const wait = backOff(this.#attempts, this.#environment.random());
    this.#attempts += 1;
    this.#in("return", wait, () => this.#connect());
    this.#pollSoon(POLL_AFTER);
  }

  #pollSoon(wait: number): void {
    if (!this.#timers.has("poll") && !this.#asking) this.#in("poll", wait, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const asking = (this.#asking = new AbortController());
    const giveUp = this.#environment.setTimer(() => asking.abort(), ASK_WITHIN);
    let status: Status = "polling";
    try {
      for (const url of this.#urls()) {
        const answer = await this.#environment.fetch(url, {}, asking.signal, "manual");
        if (asking !== this.#asking || this.#isOver(answer.status)) return;
        if (answer.status === 200) this.#answered(answer.body as Update);
        else status = "stale";
      }
    } catch {
      status = "stale";
    } finally {
      this.#environment.clearTimer(giveUp);
    }
    if (asking !== this.#asking) return;
    this.#asking = undefined;
    this.#tell(status);
    this.#pollSoon(POLL_EVERY * (0.8 + 0.4 * this.#environment.random()));
  }

  #answered(update: Update): void {
    this.onUpdate(update, new Set(Object.keys(update)));
  }

  /** Several, where there are many rows. */
  #urls(): string[] {
    const { rows = [], board, overview } = this.#watched;
    const parts = [];
    for (let at = 0; at < Math.min(rows.length, MOST_ROWS); at += ROWS_AT_ONCE) {
      parts.push({ rows: rows.slice(at, at + ROWS_AT_ONCE).join(",") });
    }
    const rest = { ...(board && { board }), ...(overview && { overview: "1" }) };
    if (Object.keys(rest).length > 0) parts.push(rest);
    return parts.map((part) => {
      const url = new URL(this.options.feed, this.#environment.address());
      url.search = String(new URLSearchParams(part as Record<string, string>));
      return url.href;
    });
  }

  #heed(signal: Signal): void {
    if (this.status === "ended") return;
    if (signal === "pagehide") return this.#pause();
    if (signal === "offline" && this.status !== "paused") this.#lost();
    if (!this.#environment.visible()) this.#rest();
    else if (signal !== "offline") this.#resume();
  }

  /** Nobody looks: whatever else happens, it is not long until nothing is told any more. */
  #rest(): void {
    if (this.status !== "paused" && !this.#timers.has("pause")) this.#in("pause", PAUSE_AFTER, () => this.#pause());
  }

  #pause(): void {
    this.#stop();
    this.#tell("paused");
  }

  #resume(): void {
    this.#cancel("pause");
    if (this.status !== "paused" && this.#socket) return;
    this.#attempts = 0;
    this.#connect();
  }

  /** Whether there is no coming back after this close code, or status of an answer. */
  #isOver(code: number): boolean {
    if (!NOT_FOR_US.has(code) && !NONSENSE.has(code)) return false;
    this.#stop();
    this.#tell(NONSENSE.has(code) ? "stale" : "ended");
    this.#unlisten();
    return true;
  }

  #stop(): void {
    for (const timer of [...this.#timers.keys()]) this.#cancel(timer);
    this.#stopPolling();
    this.#leave();
  }

  #stopPolling(): void {
    this.#cancel("poll");
    const asking = this.#asking;
    this.#asking = undefined;
    asking?.abort();
  }

  #leave(): void {
    this.#cancel("silence");
    this.#isOpen = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(CLEAN);
  }

  #in(timer: Timer, wait: number, run: () => void): void {
    this.#cancel(timer);
    const due = () => {
      this.#timers.delete(timer);
      run();
    };
    this.#timers.set(timer, this.#environment.setTimer(due, wait));
  }

  #cancel(timer: Timer): void {
    this.#environment.clearTimer(this.#timers.get(timer));
    this.#timers.delete(timer);
  }

  #tell(status: Status): void {
    if (this.status === status) return;
    this.status = status;
    this.onStatus(status);
  }
}
