/** One session on one board without any picture of it: for pages that draw by themselves. */
import { Connection, type StatusChange } from "./connection.js";
import { Emitter } from "../lib/emitter.js";
import { browser, type Environment, type Signal } from "../lib/environment.js";
import {
  ACTIVE,
  fromWire,
  toWire,
  type ClientState,
  type Color,
  type Cursor,
  type ServerMessage,
  type State,
} from "../protocol/protocol.js";
import { Roster, type Member } from "../protocol/roster.js";
import { Throttle } from "./throttle.js";
import { tokensFrom, type Token } from "./tokens.js";

export interface ClientOptions {
  /** The board's UUID; its socket is then `/ws/presence/<board>/` on the page's own host. */
  readonly board?: string | undefined;
  /** The socket, where it is elsewhere: a path or a whole URL, `wss://host/ws/presence/<board>/`. */
  readonly url?: string | undefined;
  /** For pages of another origin: a signed token, or what gives one for each connection. */
  readonly token?: Token | undefined;
  /** For pages of another origin: the site's view that gives tokens. It comes before `token`. */
  readonly tokenUrl?: string | undefined;
  /** A guest's name; the server normalises it. Without one it gives one. */
  readonly name?: string | undefined;
  /** The browser's own unless given. */
  readonly environment?: Environment | undefined;
}

/** Someone else's cursor: fractions 0..1 of the shared surface. */
export interface CursorMove {
  readonly user: number;
  readonly x: number;
  readonly y: number;
}

/** This session itself; `name` is undefined where only the server knows it. */
export interface Self {
  readonly user: number;
  readonly color: Color;
  readonly name: string | undefined;
  readonly spectator: boolean;
}

export interface ClientEvents {
  /** Where the connection stands. */
  status: StatusChange;
  /** How many people are here. */
  count: number;
  /** Everyone else, anew: it replaces what `joined` and `left` have told. */
  roster: readonly Member[];
  /** Someone came, or goes by another name now. */
  joined: Member;
  left: Member;
  state: { readonly user: number; readonly state: State };
  cursor: CursorMove;
  /** This session was welcomed, or has learnt its name. */
  self: Self;
  /** Nothing is ever thrown at the page: what went wrong comes here. */
  error: Error;
}

/** While the network takes no more, look again after so many milliseconds. */
const CONGESTION_CHECK = 50;

type Handlers = { [M in ServerMessage as M["type"]]?: (message: M) => void };

/**
 * The socket's URL: `endpoint` may be a path or a whole URL, of HTTP or WebSocket. Throws TypeError
 * where it is no URL.
 */
export function socketUrl(endpoint: string, page: string): string {
  const url = new URL(endpoint, page);
  url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

function endpointOf({ board, url }: ClientOptions): string {
  if (url) return url;
  if (!board) throw new TypeError("a presence client takes a board or a url");
  return `/ws/presence/${encodeURIComponent(board)}/`;
}

export class PresenceClient {
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #emitter: Emitter<ClientEvents>;
  readonly #roster = new Roster();
  readonly #throttle = new Throttle();
  readonly #name: string;
  readonly #handlers: Handlers;
  #own: Self | undefined;
  #interval = 0;
  #timer: unknown;
  #unlisten: (() => void) | undefined;

  constructor(options: ClientOptions) {
    const { name = "", environment = browser, tokenUrl } = options;
    this.#environment = environment;
    this.#name = name.trim();
    this.#emitter = new Emitter((error) => this.#fail(error));
    this.#handlers = this.#listHandlers();
    const url = () => socketUrl(endpointOf(options), environment.address());
    const events = {
      message: (message: ServerMessage) => this.#handle(message),
      status: (change: StatusChange) => this.#changed(change),
      error: (error: Error) => this.#fail(error),
    };
    const token = tokenUrl ? tokensFrom(tokenUrl, environment) : options.token;
    this.#connection = new Connection(url, this.#name, environment, events, token);
  }

  /** Everyone else on the board. */
  get members(): readonly Member[] {
    return this.#roster.members;
  }

  /** This session itself, once welcomed. */
  get self(): Self | undefined {
    return this.#own;
  }

  /** Milliseconds the server asks between cursor updates, hence about how often others' arrive; 0 = unknown. */
  get pace(): number {
    return this.#interval;
  }

  /** Listen to an event; returns what ends it. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (detail: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Join the board, and stay on it until `destroy`. Also after a refusal, to try once more. */
  connect(): void {
    this.#unlisten ??= this.#environment.listen((signal) => this.#heed(signal));
    this.#throttle.hide(!this.#environment.visible());
    this.#connection.open();
  }

  /** Leave the board; no timer, socket or listener is left. */
  destroy(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#connection.close();
    this.#emitter.clear();
  }

  /** The pointer is at this fraction, 0..1 each, of the shared surface. */
  moveTo(fx: number, fy: number): void {
    if (!Number.isFinite(fx) || !Number.isFinite(fy)) return;
    this.#throttle.move({ x: toWire(fx), y: toWire(fy) });
    this.#pump();
  }

  /** The pointer is off the board, or on it again. A hidden tab is noticed without this. */
  setState(state: ClientState): void {
    this.#throttle.restate(state);
    this.#pump();
  }

  #listHandlers(): Handlers {
    return {
      WELCOME: ({ user, color, interval, spectator, name_set }) => {
        this.#roster.welcome(user);
        this.#interval = interval;
        this.#own = { user, color, spectator, name: name_set ? undefined : this.#name || undefined };
        this.#throttle.welcome(interval, spectator);
        this.#emitter.emit("self", this.#own);
        this.#pump();
      },
      ROSTER: ({ users }) => {
        this.#roster.replace(users);
        this.#named();
        const { members } = this;
        this.#emitter.emit("roster", members);
        for (const { user, position } of members) if (position) this.#showCursor({ user, ...position });
      },
      USER_JOINED: ({ user, name, color }) => {
        const member = this.#roster.join(user, name, color);
        this.#named();
        if (member) this.#joined(member);
      },
      USER_LEFT: ({ user }) => {
        const member = this.#roster.leave(user);
        if (member) this.#emitter.emit("left", member);
      },
      STATE: ({ states }) => states.forEach(({ user, state }) => this.#restated(user, state)),
      CURSOR_BROADCAST: ({ cursors }) => cursors.forEach((cursor) => this.#moved(cursor)),
      PRESENCE_UPDATE: ({ count }) => this.#emitter.emit("count", count),
      RATE: ({ interval }) => {
        this.#interval = interval;
        this.#throttle.pace(interval);
        this.#pump();
      },
    };
  }

  #handle(message: ServerMessage): void {
    (this.#handlers[message.type] as ((message: ServerMessage) => void) | undefined)?.(message);
  }

  #joined(member: Member): void {
    this.#emitter.emit("joined", member);
    if (member.position) this.#showCursor({ user: member.user, ...member.position });
  }

  #restated(user: number, state: State): void {
    if (this.#roster.restate(user, state)) this.#emitter.emit("state", { user, state });
  }

  #moved(cursor: Cursor): void {
    const before = this.#roster.find(cursor.user)?.state;
    if (!this.#roster.move(cursor)) return;
    if (before !== ACTIVE) this.#emitter.emit("state", { user: cursor.user, state: ACTIVE });
    this.#showCursor(cursor);
  }

  #showCursor({ user, x, y }: Cursor): void {
    this.#emitter.emit("cursor", { user, x: fromWire(x), y: fromWire(y) });
  }

  #named(): void {
    const name = this.#roster.ownName;
    if (!this.#own || name === undefined || name === this.#own.name) return;
    this.#own = { ...this.#own, name };
    this.#emitter.emit("self", this.#own);
  }

  #changed(change: StatusChange): void {
    if (change.status !== "open") {
      this.#throttle.silence();
      this.#environment.clearTimer(this.#timer);
    }
    this.#emitter.emit("status", change);
  }

  #heed(signal: Signal): void {
    if (signal !== "shown" && signal !== "hidden") return;
    this.#throttle.hide(signal === "hidden");
    this.#pump();
  }

  /** Say what there is to say now, and come back when there is more. */
  #pump(): void {
    const [environment, connection, throttle] = [this.#environment, this.#connection, this.#throttle];
    environment.clearTimer(this.#timer);
    if (!connection.congested) {
      const message = throttle.take(environment.now());
      if (message) connection.send(message);
    }
    const wait = throttle.wait(environment.now());
    if (wait === undefined) return;
    const least = connection.congested ? CONGESTION_CHECK : 0;
    this.#timer = environment.setTimer(() => this.#pump(), Math.max(wait, least));
  }

  #fail(error: Error): void {
    this.#emitter.emit("error", error);
  }
}
