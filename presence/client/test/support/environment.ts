/** An environment in which the test controls the clock, chance, the page and the network. */
import assert from "node:assert/strict";
import type { Answer, Environment, Signal, Socket, SocketEvents } from "../../src/lib/environment.js";
import { SUBPROTOCOL, type ClientMessage, type ServerMessage } from "../../src/protocol/messages.js";
import { decodeClient, encodeServer } from "./server.js";

/** The server's side of a socket. */
export class FakeSocket implements Socket {
  buffered = 0;
  state: "connecting" | "open" | "gone" = "connecting";
  /** The code the client closed with. */
  closedWith: number | undefined;
  readonly texts: string[] = [];
  readonly #messages: ClientMessage[] = [];

  constructor(
    readonly url: string,
    readonly subprotocols: readonly string[],
    private readonly events: SocketEvents,
  ) {}

  send(frame: ArrayBuffer | string): void {
    if (this.state !== "open") return;
    if (typeof frame === "string") this.texts.push(frame);
    else this.#messages.push(decodeClient(frame));
  }

  close(code: number): void {
    this.state = "gone";
    this.closedWith = code;
  }

  accept(subprotocol = SUBPROTOCOL): this {
    if (this.state !== "connecting") return this;
    this.state = "open";
    this.events.opened(subprotocol);
    return this;
  }

  say(...messages: readonly ServerMessage[]): this {
    for (const message of messages) this.sayRaw(encodeServer(message));
    return this;
  }

  sayRaw(data: unknown): void {
    if (this.state === "open") this.events.received(data);
  }

  /** The server or the network closes the socket. */
  end(code: number): void {
    if (this.state === "gone") return;
    this.state = "gone";
    this.events.closed(code);
  }

  /** The client's messages since the last call. */
  take(): ClientMessage[] {
    return this.#messages.splice(0);
  }
}

/** A request that the test answers. */
export interface FakeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly redirect: "follow" | "manual";
  readonly at: number;
  respond(status: number, body?: unknown): Promise<void>;
  fail(): Promise<void>;
}

/** Let every settled promise run its callbacks. */
export async function promises(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

export class FakeEnvironment implements Environment {
  time = 1_000_000;
  chance = 0.5;
  isVisible = true;
  /** How far the wall clock is ahead of `time`, after the machine slept. */
  slept = 0;
  /** What `open` throws, if anything. */
  refusal: Error | undefined;
  readonly memory = new Map<string, string>();
  readonly requests: FakeRequest[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly #timers = new Map<number, { readonly run: () => void; readonly at: number }>();
  readonly #listeners = new Set<(signal: Signal) => void>();
  #nextTimer = 1;

  now = () => this.time;
  wall = () => this.time + this.slept;
  random = () => this.chance;
  recall = (key: string) => this.memory.get(key);
  address = () => "https://site.example/boards/1/";
  visible = () => this.isVisible;

  remember = (key: string, value: string | undefined) => {
    if (value === undefined) this.memory.delete(key);
    else this.memory.set(key, value);
  };

  setTimer(run: () => void, milliseconds: number): unknown {
    this.#timers.set(this.#nextTimer, { run, at: this.time + milliseconds });
    return this.#nextTimer++;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  open(url: string, subprotocols: readonly string[], events: SocketEvents): Socket {
    if (this.refusal) throw this.refusal;
    this.sockets.push(new FakeSocket(url, subprotocols, events));
    return this.socket;
  }

  fetch(...[url, headers, signal, redirect = "follow"]: Parameters<NonNullable<Environment["fetch"]>>): Promise<Answer> {
    return new Promise((answer, reject) => {
      const fail = () => (reject(new TypeError("Failed to fetch")), promises());
      const respond = (status: number, body?: unknown) => (answer({ status, body }), promises());
      signal.addEventListener("abort", fail);
      this.requests.push({ url, headers, signal, redirect, at: this.time, respond, fail });
    });
  }

  listen(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** "shown" and "hidden" also change whether the page is visible. */
  signal(signal: Signal): void {
    if (signal === "shown" || signal === "hidden") this.isVisible = signal === "shown";
    for (const listener of [...this.#listeners]) listener(signal);
  }

  /** Let time pass. Timers run in order when they are due. */
  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [due] = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at);
      if (!due) break;
      const [id, { run, at }] = due;
      this.#timers.delete(id);
      this.time = Math.max(this.time, at);
      run();
    }
    this.time = end;
  }

  /** The machine sleeps, so that no timer runs. In some browsers `now` stands still meanwhile. */
  sleep(milliseconds: number, nowGoesOn: boolean): void {
    if (nowGoesOn) this.time += milliseconds;
    else this.slept += milliseconds;
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    return this.sockets.at(-1) ?? assert.fail("there is no socket");
  }

  /** The newest request. */
  get request(): FakeRequest {
    return this.requests.at(-1) ?? assert.fail("there is no request");
  }

  /** Sockets that are not closed. */
  get live(): FakeSocket[] {
    return this.sockets.filter(({ state }) => state !== "gone");
  }

  /** Requests that are not aborted. */
  get pending(): FakeRequest[] {
    return this.requests.filter(({ signal }) => !signal.aborted);
  }

  /** Everything that would keep a page busy or a client alive. */
  get leftovers(): number {
    return this.#timers.size + this.#listeners.size + this.live.length + this.pending.length;
  }
}
