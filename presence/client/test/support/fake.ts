/** An environment whose clock, chance, page and network are the test's. */
import type { Answer, Environment, Signal, Socket, SocketEvents } from "../../src/lib/environment.js";
import { SUBPROTOCOL, type ClientMessage, type RosterEntry, type ServerMessage } from "../../src/protocol/protocol.js";
import { decodeClient, encodeServer } from "./server.js";

export const BOARD = 1234;

/** One socket, seen from the server's side. */
export class FakeSocket implements Socket {
  readonly heard: ClientMessage[] = [];
  readonly sizes: number[] = [];
  buffered = 0;
  state: "connecting" | "open" | "gone" = "connecting";
  /** The code the client closed with. */
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    readonly subprotocols: readonly string[],
    private readonly events: SocketEvents,
  ) {}

  /** Texts that came. */
  readonly texts: string[] = [];

  send(frame: ArrayBuffer | string): void {
    if (this.state !== "open") return;
    if (typeof frame === "string") return void this.texts.push(frame);
    this.heard.push(decodeClient(frame));
    this.sizes.push(frame.byteLength);
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

  say(...messages: ServerMessage[]): this {
    for (const message of messages) this.sayRaw(encodeServer(message));
    return this;
  }

  sayRaw(data: unknown): void {
    if (this.state === "open") this.events.received(data);
  }

  /** The server, or the network, ends it. */
  end(code: number): void {
    if (this.state === "gone") return;
    this.state = "gone";
    this.events.closed(code);
  }

  /** What came since the last look. */
  take(): ClientMessage[] {
    return this.heard.splice(0);
  }
}

export interface FakeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly redirect: "follow" | "manual";
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

/** Let what was promised happen. */
export async function promises(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

interface Timer {
  readonly run: () => void;
  readonly at: number;
}

export class FakeEnvironment implements Environment {
  time = 1_000_000;
  chance = 0.5;
  isVisible = true;
  /** How much further the clock on the wall is than `time`: the machine slept. */
  slept = 0;
  readonly memory = new Map<string, string>();
  readonly requests: FakeRequest[] = [];
  /** What `open` throws, if anything. */
  refusal: Error | undefined;
  readonly sockets: FakeSocket[] = [];
  private readonly timers = new Map<number, Timer>();
  private readonly hearers = new Set<(signal: Signal) => void>();
  private nextTimer = 1;

  now(): number {
    return this.time;
  }

  wall(): number {
    return this.time + this.slept;
  }

  random(): number {
    return this.chance;
  }

  setTimer(run: () => void, milliseconds: number): unknown {
    this.timers.set(this.nextTimer, { run, at: this.time + milliseconds });
    return this.nextTimer++;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as number);
  }

  open(url: string, subprotocols: readonly string[], events: SocketEvents): Socket {
    if (this.refusal) throw this.refusal;
    const socket = new FakeSocket(url, subprotocols, events);
    this.sockets.push(socket);
    return socket;
  }

  fetch(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    redirect: "follow" | "manual" = "follow",
  ): Promise<Answer> {
    return new Promise((answer, fail) => {
      signal.addEventListener("abort", () => fail(new Error("aborted")));
      this.requests.push({ url, headers, signal, redirect, answer, fail });
    });
  }

  recall(key: string): string | undefined {
    return this.memory.get(key);
  }

  remember(key: string, value: string): void {
    this.memory.set(key, value);
  }

  address(): string {
    return "https://site.example/boards/1/";
  }

  visible(): boolean {
    return this.isVisible;
  }

  listen(hear: (signal: Signal) => void): () => void {
    this.hearers.add(hear);
    return () => void this.hearers.delete(hear);
  }

  signal(signal: Signal): void {
    for (const hear of [...this.hearers]) hear(signal);
  }

  show(): void {
    this.isVisible = true;
    this.signal("shown");
  }

  hide(): void {
    this.isVisible = false;
    this.signal("hidden");
  }

  /** Let time pass; timers run when they are due, in order. */
  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (let due = this.nextDue(end); due; due = this.nextDue(end)) {
      const [id, timer] = due;
      this.timers.delete(id);
      this.time = Math.max(this.time, timer.at);
      timer.run();
    }
    this.time = end;
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  get live(): FakeSocket[] {
    return this.sockets.filter(({ state }) => state !== "gone");
  }

  /** Requests that nobody ended; the test answers them by hand. */
  get asking(): FakeRequest[] {
    return this.requests.filter(({ signal }) => !signal.aborted);
  }

  /** The newest request. */
  get request(): FakeRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error("nothing was asked");
    return request;
  }

  /** The machine sleeps: no timer runs. Some browsers' `now` stands still meanwhile. */
  sleep(milliseconds: number, nowGoesOn: boolean): void {
    if (nowGoesOn) this.time += milliseconds;
    else this.slept += milliseconds;
  }

  /** Everything that would keep a page busy or a client alive. */
  get leftovers(): number {
    return this.timers.size + this.hearers.size + this.live.length + this.asking.length;
  }

  private nextDue(end: number): [number, Timer] | undefined {
    return [...this.timers]
      .filter(([, { at }]) => at <= end)
      .sort(([, one], [, other]) => one.at - other.at)[0];
  }
}

interface Welcoming {
  readonly user?: number;
  readonly interval?: number;
  readonly spectator?: boolean;
  readonly nameSet?: boolean;
  readonly users?: readonly RosterEntry[];
  readonly count?: number;
}

/** What a server says after JOIN. */
export function welcoming(options: Welcoming = {}): ServerMessage[] {
  const { user = 0, interval = 33, spectator = false, nameSet = false, users = [], count = 1 } = options;
  const color = [194, 24, 91] as const;
  return [
    { type: "WELCOME", board: BOARD, user, color, interval, spectator, name_set: nameSet },
    { type: "ROSTER", board: BOARD, users },
    { type: "PRESENCE_UPDATE", board: BOARD, count },
  ];
}
