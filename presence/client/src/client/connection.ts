/**
 * Keeps one socket to one board alive (PROTOCOL.md: Transport, HEARTBEAT, Bad input).
 *
 * A connection is in one of four phases, and each uses the one timer for its own purpose: connecting (limit until
 * WELCOME), open (when it counts as stable), waiting (when to connect again), closed (unused).
 */
import type { Environment, Signal, Socket } from "../lib/environment.js";
import { decode, encode } from "../protocol/codec.js";
import { SUBPROTOCOL, type ClientMessage, type Notice, type ServerMessage } from "../protocol/messages.js";
import { ABNORMAL, NORMAL, reconnect, type Reason } from "../protocol/reconnect.js";
import { Heartbeat } from "./heartbeat.js";
import type { Token, TokenError } from "./tokens.js";

export type Status = "connecting" | "open" | "waiting" | "closed";

export interface StatusChange {
  readonly status: Status;
  /** Why it is waiting or closed; undefined if it is connecting or open. */
  readonly reason: Reason | undefined;
}

export interface ConnectionEvents {
  message(message: ServerMessage): void;
  status(change: StatusChange): void;
  error(error: Error): void;
}

/** Limit from the attempt to the WELCOME. */
const WELCOME_TIMEOUT = 20_000;
/** A connection that lasts this long is stable: the back-off starts anew. */
const STABLE_AFTER = 5_000;
/** The network is congested while the browser has more than this many bytes left to send. */
export const CONGESTED_BYTES = 1024;
/** Close code for a silent server. It is not 1000, so that the server keeps the session for its grace. */
export const SILENT = 4408;
/** Prefix of the subprotocol that carries the token. A URL would end up in logs. */
const TOKEN_PREFIX = "presence.token.";

/** The URL of a socket. `endpoint` is a path or a URL of HTTP or WebSocket. Throws TypeError if it is neither. */
export function socketUrl(endpoint: string, page: string): string {
  const url = new URL(endpoint, page);
  url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

/** The path of a board's socket on the page's own host, written as the server writes it. */
export function boardPath(board: string): string {
  return `/ws/presence/${encodeURIComponent(board).replaceAll("%3A", ":")}/`;
}

export class Connection {
  #socket: Socket | undefined;
  #tokenRequest: AbortController | undefined;
  #timer: unknown;
  readonly #heartbeat: Heartbeat;
  #notice: Notice | undefined;
  #attempts = 0;
  #welcomed = false;
  #notBefore = 0;
  #wanted = false;
  /** The page was left, and may return from the back-forward cache. */
  #suspended = false;
  #change: StatusChange = { status: "closed", reason: undefined };
  #unlisten: (() => void) | undefined;

  /**
   * `url` throws if it is not a URL. The JOIN offers `name`; if it is empty, the server chooses a name. A `token`
   * function is called for each connection; without a token the server identifies people by their cookies.
   */
  constructor(
    private readonly url: () => string,
    private readonly name: string,
    private readonly environment: Environment,
    private readonly events: ConnectionEvents,
    private readonly token?: Token | undefined,
  ) {
    this.#heartbeat = new Heartbeat(environment, {
      beat: () => this.send({ type: "HEARTBEAT" }),
      dead: () => this.#replace(),
    });
  }

  /** Whether earlier frames have not left yet, so that new ones should wait. */
  get congested(): boolean {
    return (this.#socket?.buffered ?? 0) > CONGESTED_BYTES;
  }

  /** Connect, and connect again as the reconnect policy allows, until `close`. */
  open(): void {
    this.#unlisten ??= this.environment.listen((signal) => this.#onSignal(signal));
    this.#wanted = true;
    this.#attempts = 0;
    this.#attempt();
  }

  /**
   * No socket, timer or listener remains. The session leaves the board, unless it `returns`: then the server keeps
   * it for a moment, in which this person's next session goes on as the same user (PROTOCOL.md, Leaving).
   */
  close(returns = false): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#suspended = false;
    if (!returns) this.send({ type: "LEAVE", board: 0 });
    this.#drop(NORMAL);
    this.#finish("left");
  }

  /** Does nothing unless a socket is open. */
  send(message: ClientMessage): void {
    this.#socket?.send(encode(message));
  }

  /** Connect now, or as soon as the server allows it; not at all while the page is hidden. */
  #attempt(): void {
    if (!this.#wanted || this.#suspended || this.#socket || this.#tokenRequest) return;
    const { environment } = this;
    environment.clearTimer(this.#timer);
    if (!environment.visible()) return this.#setStatus("waiting", "hidden");
    const wait = this.#notBefore - environment.now();
    if (wait > 0) return this.#retryIn(wait);
    this.#notice = undefined;
    this.#timer = environment.setTimer(() => this.#replace(), WELCOME_TIMEOUT);
    if (this.token === undefined) this.#openSocket();
    else void this.#requestToken(this.token);
    if (this.#wanted) this.#setStatus("connecting");
  }

  async #requestToken(token: Token): Promise<void> {
    const { signal } = (this.#tokenRequest = new AbortController());
    try {
      const text = typeof token === "string" ? token : await token(signal);
      if (!signal.aborted) this.#openSocket(TOKEN_PREFIX + text);
    } catch (error) {
      if (signal.aborted) return;
      this.events.error(error as Error);
      this.#onClose((error as Partial<TokenError>).code ?? ABNORMAL);
    }
  }

  #openSocket(...tokens: string[]): void {
    this.#tokenRequest = undefined;
    try {
      this.#socket = this.environment.open(this.url(), [SUBPROTOCOL, ...tokens], {
        opened: (subprotocol) => this.#onOpen(subprotocol),
        received: (data) => this.#onData(data),
        closed: (code) => this.#onClose(code),
      });
    } catch (error) {
      this.#drop();
      this.#finish("refused");
      this.events.error(error as Error);
    }
  }

  #onOpen(subprotocol: string): void {
    if (subprotocol !== SUBPROTOCOL) {
      this.events.error(new Error(`the server does not support ${SUBPROTOCOL}`));
      return this.#replace();
    }
    this.#heartbeat.start();
    this.send({ type: "JOIN", board: 0, name: this.name });
  }

  /** Whatever goes wrong with one frame is reported, and the socket stays open. */
  #onData(data: unknown): void {
    this.#heartbeat.received();
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError("the server sent a text message");
      const message = decode(data);
      if (message.type === "PROBE") this.send(message);
      else if (message.type === "NOTICE") this.#onNotice(message);
      else if (message.type === "WELCOME") this.#onWelcome();
      // A listener may have closed the connection.
      if (this.#wanted) this.events.message(message);
    } catch (error) {
      this.events.error(error as Error);
    }
  }

  #onNotice(notice: Notice): void {
    this.#notice = notice;
    if (notice.code === 1) this.events.error(new Error("the server received a malformed frame from this client"));
  }

  #onWelcome(): void {
    this.#welcomed = true;
    this.environment.clearTimer(this.#timer);
    this.#timer = this.environment.setTimer(() => (this.#attempts = 0), STABLE_AFTER);
    this.#setStatus("open");
  }

  #onClose(code: number): void {
    this.#drop();
    // A listener may have closed the connection.
    if (!this.#wanted) return;
    const { environment } = this;
    const ending = { code, notice: this.#notice, attempts: this.#attempts, welcomed: this.#welcomed };
    const { reason, delay, binding } = reconnect(ending, () => environment.random());
    if (delay === undefined) return this.#finish(reason);
    this.#attempts += 1;
    this.#notBefore = binding ? environment.now() + delay : 0;
    this.#retryIn(delay);
    this.#setStatus("waiting", reason);
  }

  /** Give up a socket that the browser may still take for open. */
  #replace(): void {
    this.#socket?.close(SILENT);
    this.#onClose(ABNORMAL);
  }

  #retryIn(wait: number): void {
    this.#timer = this.environment.setTimer(() => this.#attempt(), wait);
  }

  #finish(reason: Reason): void {
    this.#wanted = false;
    this.#setStatus("closed", reason);
  }

  /** Forget the socket, closing it if there is a code, and everything that belongs to it. */
  #drop(code?: number): void {
    this.environment.clearTimer(this.#timer);
    this.#heartbeat.stop();
    this.#tokenRequest?.abort();
    this.#tokenRequest = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (code !== undefined) socket?.close(code);
  }

  #onSignal(signal: Signal): void {
    const open = this.#change.status === "open";
    if (signal === "pagehide") {
      // The back-forward cache takes no page with an open socket. Without a LEAVE: the page may only be loaded again.
      this.#suspended = true;
      this.#drop(NORMAL);
      if (this.#wanted) this.#setStatus("waiting", "hidden");
    } else if (signal === "hidden") {
      // An open socket stays open, but a hidden page does not connect.
      if (!this.#wanted || this.#socket) return;
      this.#drop();
      this.#setStatus("waiting", "hidden");
    } else {
      if (signal === "pageshow") this.#suspended = false;
      // The network may have changed without the socket noticing.
      if (open && (signal === "online" || signal === "offline")) this.#heartbeat.check();
      else if (open) this.#heartbeat.shown();
      else if (signal !== "offline") this.#attempt();
    }
  }

  #setStatus(status: Status, reason?: Reason): void {
    if (this.#change.status === status && this.#change.reason === reason) return;
    this.#change = { status, reason };
    this.events.status(this.#change);
  }
}
