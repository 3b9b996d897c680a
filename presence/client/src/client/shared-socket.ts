/**
 * One socket that several tabs of a browser share, as several sessions (PROTOCOL.md, Several sessions on one socket).
 * Each tab speaks the protocol by itself, as on a socket of its own. This passes frames on, and reads no more of them
 * than whose they are. It runs in the worker.
 */
import type { Environment, Socket } from "../lib/environment.js";
import { ABNORMAL, NORMAL } from "../protocol/reconnect.js";
import { CONGESTED_BYTES, SILENT } from "./connection.js";

/**
 * What a tab is told: the socket is open, with this subprotocol; a frame; the network is congested or not; a close code;
 * null: the server knows one session only, and that is another tab's.
 */
export type News = readonly [subprotocol: string] | ArrayBuffer | boolean | number | null;

/** Sessions of one socket. */
const MOST = 16;
const ALL = 255;
const [JOIN, LEAVE, HEARTBEAT, WELCOME, PROBE, NOTICE, SESSION, GONE] = [3, 4, 8, 9, 13, 14, 18, 19];
/** Milliseconds after which a congested network is looked at again. */
const CONGESTION_CHECK = 50;

/** A tab's end of the socket. It hears nothing after `close`. */
export class SharedSession {
  /** It has sent JOIN, and no LEAVE. */
  joined = false;
  welcomed = false;

  constructor(
    readonly number: number,
    private readonly shared: SharedSocket,
    readonly tell: (news: News) => void,
  ) {}

  send(frame: ArrayBuffer): void {
    this.shared.send(this, frame);
  }

  /** The tab wants its socket closed, or is gone. Further calls change nothing. */
  close(code: number): void {
    this.shared.close(this, code);
  }
}

export class SharedSocket {
  readonly #socket: Socket;
  readonly #sessions = new Map<number, SharedSession>();
  #subprotocol: string | undefined;
  /** Whether the server takes several sessions; undefined until it has answered. */
  #several: boolean | undefined;
  /** Those that wait for that answer. */
  readonly #waiting = new Set<SharedSession>();
  /** The number of the newest session. Numbers go round, so that frames under way reach nobody else. */
  #newest = MOST - 1;
  /** The session that the server takes the next frame for. */
  #speaks = 0;
  /** The session that the next frame of the server is for. */
  #addressed = ALL;
  #congested = false;

  /** `ended` is called when it has no socket any more. Throws if the page may not open such a socket at all. */
  constructor(
    private readonly environment: Environment,
    url: string,
    subprotocols: readonly string[],
    private readonly ended: () => void,
  ) {
    this.#socket = environment.open(url, subprotocols, {
      opened: (subprotocol) => {
        this.#subprotocol = subprotocol;
        for (const [index, session] of [...this.#sessions.values()].entries()) this.#admit(session, index === 0);
      },
      received: (data) => this.#receive(data as ArrayBuffer),
      closed: (code) => this.#end(code),
    });
  }

  get full(): boolean {
    return this.#sessions.size === MOST || this.#several === false;
  }

  /** A tab opens the socket. */
  add(tell: (news: News) => void): SharedSession {
    do this.#newest = (this.#newest + 1) % MOST;
    while (this.#sessions.has(this.#newest));
    const session = new SharedSession(this.#newest, this, tell);
    this.#sessions.set(session.number, session);
    this.#admit(session, this.#sessions.size === 1);
    return session;
  }

  /** Tell a tab that the socket is open. Ask the server before, if that is not `alone` and it is not known yet. */
  #admit(session: SharedSession, alone: boolean): void {
    if (this.#subprotocol === undefined) return;
    if (alone || this.#several) return session.tell([this.#subprotocol]);
    if (this.#waiting.size === 0) this.#select(session);
    this.#waiting.add(session);
  }

  #answered(several: boolean): void {
    this.#several = several;
    const waiting = [...this.#waiting].filter((session) => this.#has(session));
    this.#waiting.clear();
    for (const session of waiting) {
      if (!several) this.#sessions.delete(session.number);
      session.tell(several ? [this.#subprotocol as string] : null);
    }
    if (this.#sessions.size === 0) this.#stop(NORMAL);
  }

  send(session: SharedSession, frame: ArrayBuffer): void {
    if (this.#subprotocol === undefined || !this.#has(session)) return;
    const type = typeOf(frame);
    // A tab may leave before it hears that the socket is open.
    if (type === LEAVE && !session.joined) return;
    if (type === JOIN || type === LEAVE) session.joined = type === JOIN;
    this.#say(session, frame);
    if (!this.#congested) this.#watchCongestion();
  }

  close(session: SharedSession, code: number): void {
    if (!this.#has(session)) return;
    this.#sessions.delete(session.number);
    // A tab that hears the server no more speaks for all: they have the same socket.
    if (this.#sessions.size === 0 || code === SILENT) this.#stop(code);
    else if (session.joined) this.#say(session, bytes(GONE, 0, 0));
  }

  #has(session: SharedSession): boolean {
    return this.#sessions.get(session.number) === session;
  }

  #say(session: SharedSession, frame: ArrayBuffer): void {
    if (this.#speaks !== session.number) this.#select(session);
    this.#socket.send(frame);
  }

  #select({ number }: SharedSession): void {
    this.#speaks = number;
    this.#socket.send(bytes(SESSION, number));
  }

  #receive(frame: ArrayBuffer): void {
    const type = typeOf(frame);
    if (type === SESSION) {
      this.#addressed = codeOf(frame);
      if (!this.#several) this.#answered(true);
    } else if (type === PROBE) {
      this.#socket.send(frame);
    } else if (this.#addressed === ALL && type !== WELCOME) {
      const always = type === HEARTBEAT || type === NOTICE;
      // MALFORMED: the server knows no SESSION.
      if (type === NOTICE && codeOf(frame) === 1 && this.#waiting.size > 0) this.#answered(false);
      for (const session of this.#sessions.values()) if (always || session.welcomed) session.tell(frame);
    } else {
      // The server names no session before it was told that there may be several.
      const session = this.#sessions.get(this.#addressed === ALL ? 0 : this.#addressed);
      if (!session) return;
      if (type === WELCOME) session.welcomed = true;
      session.tell(frame);
      if (type !== NOTICE) return;
      // Its JOIN was refused. By the NOTICE its tab decides what follows, as after the close of a socket of its own.
      session.joined = false;
      session.tell(ABNORMAL);
      this.close(session, NORMAL);
    }
  }

  #stop(code: number): void {
    this.#socket.close(code);
    this.#end(ABNORMAL);
  }

  #end(code: number): void {
    this.#tell(code);
    this.#sessions.clear();
    this.ended();
  }

  #tell(news: News): void {
    for (const session of [...this.#sessions.values()]) session.tell(news);
  }

  #watchCongestion(): void {
    const congested = this.#socket.buffered > CONGESTED_BYTES;
    if (congested !== this.#congested) this.#tell((this.#congested = congested));
    if (congested && this.#sessions.size > 0) this.environment.setTimer(() => this.#watchCongestion(), CONGESTION_CHECK);
  }
}

function bytes(...values: number[]): ArrayBuffer {
  return Uint8Array.from(values).buffer;
}

function typeOf(frame: ArrayBuffer): number | undefined {
  return new Uint8Array(frame)[0];
}

/** The session of a SESSION, the code of a NOTICE. */
function codeOf(frame: ArrayBuffer): number {
  return new Uint8Array(frame)[1] as number;
}
