/**
 * One socket to one board, kept alive (PROTOCOL.md, Transport, HEARTBEAT, Bad input).
 *
 * At any time the connection is in one phase, each with its own use of the one timer:
 * connecting (how long the server may take to say WELCOME), open (how long until it counts as
 * stable), waiting (when to come back), closed (none).
 */
import { decode } from "../protocol/decode.js";
import type { Environment, Signal, Socket } from "../lib/environment.js";
import { SUBPROTOCOL, encode, type ClientMessage, type Notice, type ServerMessage } from "../protocol/protocol.js";
import { Pulse } from "./pulse.js";
import { judge, type Reason } from "../protocol/returning.js";
import { TokenError, type Token } from "./tokens.js";

export type Status = "connecting" | "open" | "waiting" | "closed";

export interface StatusChange {
  readonly status: Status;
  /** Why it waits or is closed; undefined in the other two. */
  readonly reason: Reason | undefined;
}

export interface ConnectionEvents {
  message(message: ServerMessage): void;
  status(change: StatusChange): void;
  error(error: Error): void;
}

/** From the attempt to the WELCOME. */
const WELCOME_WITHIN = 20_000;
/** Only after so long does a connection count as one that held, and the back-off starts anew. */
const STABLE_AFTER = 5_000;
/** Frames queue up in the browser beyond this many bytes: the network takes no more for now. */
const CONGESTED = 1024;

const CLEAN = 1000;
/** Told to a server that fell silent. Not 1000: the session is to be kept for its grace. */
const SILENT = 4408;
const BROKEN = 1006;
/** What the subprotocol that carries a token begins with; a URL would end up in logs. */
const TOKEN = "presence.token.";

export class Connection {
  #socket: Socket | undefined;
  #asking: AbortController | undefined;
  #timer: unknown;
  readonly #pulse: Pulse;
  #notice: Notice | undefined;
  #attempts = 0;
  #notBefore = 0;
  #wanted = false;
  #suspended = false;
  #told: StatusChange = { status: "closed", reason: undefined };
  #unlisten: (() => void) | undefined;

  /**
   * `url` throws where it is no URL. `name` is offered in the JOIN: a guest's; empty = the server gives
   * one. `token` is asked anew for each connection; undefined = who comes is known by cookies.
   */
  constructor(
    private readonly url: () => string,
    private readonly name: string,
    private readonly environment: Environment,
    private readonly events: ConnectionEvents,
    private readonly token?: Token | undefined,
  ) {
    this.#pulse = new Pulse(environment, {
      beat: () => this.send({ type: "HEARTBEAT" }),
      dead: () => this.#replace(),
    });
  }

  /** Whether frames are to be held back because earlier ones have not left yet. */
  get congested(): boolean {
    return (this.#socket?.buffered ?? 0) > CONGESTED;
  }

  /** Connect, and come back whenever that makes sense, until `close`. */
  open(): void {
    this.#unlisten ??= this.environment.listen((signal) => this.#heed(signal));
    this.#wanted = true;
    this.#attempts = 0;
    this.#attempt();
  }

  /** Leave the board at once; nothing of the connection is left behind. */
  close(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#suspended = false;
    this.#drop(CLEAN);
    this.#finish("left");
  }

  /** Nothing is sent where no socket is open. */
  send(message: ClientMessage): void {
    this.#socket?.send(encode(message));
  }

  #attempt(): void {
    if (!this.#wanted || this.#suspended || this.#socket || this.#asking) return;
    this.environment.clearTimer(this.#timer);
    const wait = this.#notBefore - this.environment.now();
    if (!this.environment.visible()) this.#tell("waiting", "hidden");
    else if (wait > 0) this.#later(wait);
    else this.#begin();
  }

  #begin(): void {
    this.#notice = undefined;
    this.#timer = this.environment.setTimer(() => this.#replace(), WELCOME_WITHIN);
    if (this.token === undefined) this.#open();
    else void this.#ask(this.token);
    if (this.#wanted) this.#tell("connecting");
  }

  async #ask(token: Token): Promise<void> {
    const { signal } = (this.#asking = new AbortController());
    try {
      const given = typeof token === "string" ? token : await token(signal);
      if (!signal.aborted) this.#open(TOKEN + given);
    } catch (error) {
      if (!signal.aborted) this.#denied(error as Error);
    }
  }

  #denied(error: Error): void {
    this.events.error(error);
    this.#ended(error instanceof TokenError ? error.code : BROKEN);
  }

  #open(...more: string[]): void {
    this.#asking = undefined;
    try {
      this.#socket = this.environment.open(this.url(), [SUBPROTOCOL, ...more], {
        opened: (subprotocol) => this.#opened(subprotocol),
        received: (data) => this.#received(data),
        closed: (code) => this.#ended(code),
      });
    } catch (error) {
      this.#drop();
      this.#finish("refused");
      this.events.error(error as Error);
    }
  }

  #opened(subprotocol: string): void {
    if (subprotocol !== SUBPROTOCOL) {
      this.events.error(new Error(`the server does not speak ${SUBPROTOCOL}`));
      this.#replace();
      return;
    }
    this.#pulse.start();
    this.send({ type: "JOIN", board: 0, name: this.name });
  }

  #received(data: unknown): void {
    this.#pulse.heard();
    const message = this.#read(data);
    if (!message) return;
    if (message.type === "PROBE") this.send(message);
    else if (message.type === "NOTICE") this.#noticed(message);
    else if (message.type === "WELCOME") this.#welcomed();
    // Whoever heard of the welcome may have closed the connection.
    if (this.#wanted) this.#hand(message);
  }

  /** Whatever a message does to whoever takes it, the socket goes on. */
  #hand(message: ServerMessage): void {
    try {
      this.events.message(message);
    } catch (error) {
      this.events.error(error as Error);
    }
  }

  #read(data: unknown): ServerMessage | undefined {
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError("the server sent a text message");
      return decode(data);
    } catch (error) {
      this.events.error(error as Error);
      return undefined;
    }
  }

  #noticed(notice: Notice): void {
    this.#notice = notice;
    if (notice.code === 1) this.events.error(new Error("the server holds a frame of this client malformed"));
  }

  #welcomed(): void {
    this.environment.clearTimer(this.#timer);
    this.#timer = this.environment.setTimer(() => (this.#attempts = 0), STABLE_AFTER);
    this.#tell("open");
  }

  #ended(code: number): void {
    this.#drop();
    // Whoever heard of an error may have closed the connection.
    if (!this.#wanted) return;
    const { environment } = this;
    const ending = { code, notice: this.#notice, attempts: this.#attempts };
    const { reason, delay, firm } = judge(ending, () => environment.random());
    if (delay === undefined) {
      this.#finish(reason);
      return;
    }
    this.#attempts += 1;
    this.#notBefore = firm ? environment.now() + delay : 0;
    this.#later(delay);
    this.#tell("waiting", reason);
  }

  /** The socket is of no use any more, whatever the browser still thinks of it. */
  #replace(): void {
    this.#socket?.close(SILENT);
    this.#ended(BROKEN);
  }

  #later(wait: number): void {
    this.#timer = this.environment.setTimer(() => this.#attempt(), wait);
  }

  #finish(reason: Reason): void {
    this.#wanted = false;
    this.#tell("closed", reason);
  }

  #drop(code?: number): void {
    this.environment.clearTimer(this.#timer);
    this.#pulse.stop();
    this.#asking?.abort();
    this.#asking = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (code !== undefined) socket?.close(code);
  }

  #heed(signal: Signal): void {
    if (signal === "pagehide") this.#suspend();
    else if (signal === "hidden") this.#rest();
    else if (signal === "offline") this.#doubt();
    else this.#wake(signal);
  }

  /** The page goes away, maybe into the back-forward cache, where no socket may live on. */
  #suspend(): void {
    this.#suspended = true;
    this.#drop(CLEAN);
    if (this.#wanted) this.#tell("waiting", "hidden");
  }

  /** Nobody looks: an open socket stays, but none is opened. */
  #rest(): void {
    if (this.#wanted && !this.#socket) {
      this.#drop();
      this.#tell("waiting", "hidden");
    }
  }

  #wake(signal: Signal): void {
    if (signal === "pageshow") this.#suspended = false;
    if (this.#told.status !== "open") this.#attempt();
    else if (signal === "online") this.#doubt();
    else this.#pulse.nudge();
  }

  /** The network went or came: a socket may be dead without anybody having said so. */
  #doubt(): void {
    if (this.#told.status === "open") this.#pulse.doubt();
  }

  #tell(status: Status, reason?: Reason): void {
    if (this.#told.status === status && this.#told.reason === reason) return;
    this.#told = { status, reason };
    this.events.status(this.#told);
  }
}
