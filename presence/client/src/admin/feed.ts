/** Receives live changes for a page of the admin over one socket, or by polling while there is no socket. */
import { browser, get, type Environment, type Signal, type Socket } from "../lib/environment.js";
import { backOff, NORMAL } from "../protocol/reconnect.js";

/** The changes by topic, or of a topic that is sent whole, its new value. */
export type Update = Readonly<Record<string, unknown>>;

/**
 * `fresh` names the topics of `update` that replace everything known before. These are the first message of a topic
 * on each socket, and everything in the answer to a poll.
 */
export type OnUpdate = (update: Update, fresh: ReadonlySet<string>) => void;

/**
 * `connecting` at first; `live` over the socket; `polling` while there is none; `stale` if polling fails too;
 * `paused` while the page was hidden for long; `ended` for good: signed out or not allowed.
 */
export type FeedStatus = "connecting" | "live" | "polling" | "stale" | "paused" | "ended";

/** What the page subscribes to: the admin site, the model, and what it shows of each topic. */
export interface Subscription {
  readonly site: string;
  readonly model?: string;
  readonly rows?: readonly string[];
  readonly board?: string;
  readonly overview?: true;
}

export interface FeedOptions {
  /** The socket's URL, relative to the page's. */
  readonly socket: string;
  /** The URL to poll while there is no socket. */
  readonly feed: string;
  readonly watch: Subscription;
  readonly environment?: Environment;
}

/** The server's limit of rows in one subscription. */
export const MOST_ROWS = 1000;
/** More rows make a URL that proxies refuse. */
const ROWS_PER_REQUEST = 100;
/** The server sends something every 15 s. */
const SILENCE_TIMEOUT = 40_000;
/** A socket that returns sooner than this needs no polling. */
const POLL_AFTER = 1_500;
const POLL_INTERVAL = 5_000;
const POLL_TIMEOUT = 10_000;
/** A page that is hidden this long disconnects. */
const PAUSE_AFTER = 60_000;
/**
 * Close codes and HTTP statuses of someone who is signed out or not allowed. 0 is a redirect, to the page to sign in.
 */
const ENDS: ReadonlySet<number> = new Set([4401, 4403, 0, 401, 403, 404]);
/** Close code and HTTP status of a server that does not understand this script, being older or newer. */
const INCOMPATIBLE: ReadonlySet<number> = new Set([4400, 400]);

type Timer = "reconnect" | "silence" | "poll" | "pause";

export class Feed {
  #status: FeedStatus = "connecting";
  #socket: Socket | undefined;
  #attempts = 0;
  #request: AbortController | undefined;
  /** The topics that this socket has sent. */
  readonly #received = new Set<string>();
  readonly #timers = new Map<Timer, unknown>();
  readonly #environment: Environment;
  readonly #unlisten: () => void;

  constructor(
    private readonly options: FeedOptions,
    private readonly onUpdate: OnUpdate,
    private readonly onStatus: (status: FeedStatus) => void,
  ) {
    this.#environment = options.environment ?? browser;
    this.#unlisten = this.#environment.listen((signal) => this.#onSignal(signal));
    this.#connect();
    if (!this.#environment.visible()) this.#pauseSoon();
  }

  #connect(): void {
    this.#cancel("reconnect");
    this.#closeSocket();
    const { rows, ...rest } = this.options.watch;
    const subscription = rows ? { ...rest, rows: rows.slice(0, MOST_ROWS) } : rest;
    try {
      const url = new URL(this.options.socket, this.#environment.address());
      url.protocol = url.protocol.replace("http", "ws");
      this.#socket = this.#environment.open(url.href, [], {
        opened: () => this.#socket?.send(JSON.stringify(subscription)),
        received: (data) => this.#onData(data),
        closed: (code) => this.#endsWith(code) || this.#onLoss(),
      });
      this.#start("silence", SILENCE_TIMEOUT, () => this.#onLoss());
    } catch {
      this.#onLoss();
    }
    this.#pollIn(POLL_AFTER);
  }

  #onData(data: unknown): void {
    this.#start("silence", SILENCE_TIMEOUT, () => this.#onLoss());
    this.#stopPolling();
    this.#attempts = 0;
    this.#setStatus("live");
    const update = JSON.parse(String(data)) as Update;
    const topics = Object.keys(update);
    if (topics.length === 0) return;
    const fresh = new Set(topics.filter((topic) => !this.#received.has(topic)));
    for (const topic of topics) this.#received.add(topic);
    this.onUpdate(update, fresh);
  }

  #onLoss(): void {
    this.#closeSocket();
    this.#start("reconnect", backOff(this.#attempts, this.#environment.random()), () => this.#connect());
    this.#attempts += 1;
    this.#pollIn(POLL_AFTER);
  }

  #pollIn(wait: number): void {
    if (!this.#timers.has("poll") && !this.#request) this.#start("poll", wait, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const request = (this.#request = new AbortController());
    const timeout = this.#environment.setTimer(() => request.abort(), POLL_TIMEOUT);
    let status: FeedStatus = "polling";
    try {
      for (const url of this.#urls()) {
        const answer = await get(this.#environment, url, {}, request.signal, "manual");
        // The socket may have sent newer data during the request.
        if (request !== this.#request || this.#endsWith(answer.status)) return;
        const update = answer.body as Update;
        if (answer.status === 200) this.onUpdate(update, new Set(Object.keys(update)));
        else status = "stale";
      }
    } catch {
      status = "stale";
    } finally {
      this.#environment.clearTimer(timeout);
    }
    if (request !== this.#request) return;
    this.#request = undefined;
    this.#setStatus(status);
    this.#pollIn(POLL_INTERVAL * (0.8 + 0.4 * this.#environment.random()));
  }

  /** The URLs of one poll: one for each hundred rows, and one for the rest. */
  #urls(): string[] {
    const { rows = [], board, overview } = this.options.watch;
    const queries: Record<string, string>[] = [];
    for (let at = 0; at < Math.min(rows.length, MOST_ROWS); at += ROWS_PER_REQUEST) {
      queries.push({ rows: rows.slice(at, at + ROWS_PER_REQUEST).map(encodeURIComponent).join(",") });
    }
    if (board || overview) queries.push({ ...(board && { board }), ...(overview && { overview: "1" }) });
    return queries.map((query) => {
      const url = new URL(this.options.feed, this.#environment.address());
      url.search = String(new URLSearchParams(query));
      return url.href;
    });
  }

  #onSignal(signal: Signal): void {
    const paused = this.#status === "paused";
    if (signal === "pagehide") return this.#pause();
    if (signal === "offline" && !paused) this.#onLoss();
    if (!this.#environment.visible()) {
      if (!paused) this.#pauseSoon();
    } else if (signal !== "offline") {
      this.#cancel("pause");
      if (!paused && this.#socket) return;
      this.#attempts = 0;
      this.#connect();
    }
  }

  #pauseSoon(): void {
    if (!this.#timers.has("pause")) this.#start("pause", PAUSE_AFTER, () => this.#pause());
  }

  #pause(): void {
    this.#stop();
    this.#setStatus("paused");
  }

  /** Stop for good if a close code or an HTTP status says so. Returns whether it does. */
  #endsWith(code: number): boolean {
    if (!ENDS.has(code) && !INCOMPATIBLE.has(code)) return false;
    this.#stop();
    this.#setStatus(INCOMPATIBLE.has(code) ? "stale" : "ended");
    this.#unlisten();
    return true;
  }

  #stop(): void {
    for (const timer of [...this.#timers.keys()]) this.#cancel(timer);
    this.#stopPolling();
    this.#closeSocket();
  }

  #stopPolling(): void {
    this.#cancel("poll");
    const request = this.#request;
    this.#request = undefined;
    request?.abort();
  }

  #closeSocket(): void {
    this.#cancel("silence");
    this.#received.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(NORMAL);
  }

  #start(timer: Timer, wait: number, run: () => void): void {
    this.#cancel(timer);
    const fire = () => {
      this.#timers.delete(timer);
      run();
    };
    this.#timers.set(timer, this.#environment.setTimer(fire, wait));
  }

  #cancel(timer: Timer): void {
    this.#environment.clearTimer(this.#timers.get(timer));
    this.#timers.delete(timer);
  }

  #setStatus(status: FeedStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.onStatus(status);
  }
}
