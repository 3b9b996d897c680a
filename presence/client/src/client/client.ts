/** One session on one board, without any display. Entry point of `client.js`, for pages that draw by themselves. */
import { Emitter } from "../lib/emitter.js";
import { browser, type Environment, type Signal } from "../lib/environment.js";
import { fromWire, toWire } from "../protocol/codec.js";
import { ACTIVE } from "../protocol/messages.js";
import type { Anchor, ClientState, Color, Cursor, Position, ServerMessage, State } from "../protocol/messages.js";
import { fitName } from "../protocol/names.js";
import { isSignedIn, Roster, type Member } from "../protocol/roster.js";
import { fractionIn, pointIn, UNIT, type Bounds } from "./bounds.js";
import { boardPath, Connection, socketUrl, type StatusChange } from "./connection.js";
import { Throttle } from "./throttle.js";
import type { Token, TokensScript } from "./tokens.js";

export type { Answer, Environment, Signal, Socket, SocketEvents } from "../lib/environment.js";
export { ACTIVE, AWAY, IDLE, OFF_BOARD } from "../protocol/messages.js";
export { anchorAt, anchorHash, anchorPoint } from "../protocol/anchors.js";
export type { Anchor, ClientState, Color, Position, State } from "../protocol/messages.js";
export type { Reason } from "../protocol/reconnect.js";
export type { Member } from "../protocol/roster.js";
export type { Bounds } from "./bounds.js";
export type { Status, StatusChange } from "./connection.js";
export { TokenError, tokensFrom, type Token } from "./tokens.js";

export interface ClientOptions {
  /** The board's reference: a UUID, `blog.post:42` or a name. Its socket is `/ws/presence/<board>/` on the page's own host. */
  readonly board?: string | undefined;
  /** The socket if it is elsewhere: a path or a whole URL, `wss://host/ws/presence/<board>/`. */
  readonly url?: string | undefined;
  /** For pages of another origin: a signed token, or a function that returns one for each connection. */
  readonly token?: Token | undefined;
  /** For pages of another origin: the URL of the site's token view. Overrides `token`. */
  readonly tokenUrl?: string | undefined;
  /** For the overlay: loads the script that fetches tokens, if it is not beside this one. */
  readonly loadTokens?: (() => Promise<TokensScript>) | undefined;
  /** A guest's name, which the server normalises. The server names a guest without one. */
  readonly name?: string | undefined;
  /** Take and give positions in coordinates of the site's own. Without it they are fractions, 0..1 each. */
  readonly bounds?: Bounds | undefined;
  /** For tests, except with the class of `overlay.js`, which calls its members by short names. Defaults to the browser. */
  readonly environment?: Environment | undefined;
}

/**
 * Someone else's cursor, in fractions 0..1 of the shared surface or in the client's `bounds`; and where it is on an
 * element that other pages have too.
 */
export interface CursorMove extends Position {
  readonly user: number;
}

/** This session. `name` is undefined until the server has sent a name that it chose. */
export interface Self {
  readonly user: number;
  readonly color: Color;
  readonly name: string | undefined;
  /** URL of the picture, once the server has sent one. */
  readonly avatar?: string | undefined;
  readonly signedIn: boolean;
  readonly spectator: boolean;
}

export interface ClientEvents {
  status: StatusChange;
  /** The number of people here. */
  count: number;
  /** Everyone else. Replaces what `joined` and `left` have reported. */
  roster: readonly Member[];
  /** Someone joined, or has another name now. */
  joined: Member;
  left: Member;
  state: { readonly user: number; readonly state: State };
  cursor: CursorMove;
  /** The server welcomed this session, or sent its name and picture. */
  self: Self;
  /** Every error. None is thrown at the page. */
  error: Error;
}

/** Milliseconds after which a congested network is tried again. */
const CONGESTION_RETRY = 50;

export class PresenceClient {
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #emitter: Emitter<ClientEvents> = new Emitter((error) => this.#emitter.emit("error", error));
  readonly #roster = new Roster();
  readonly #throttle = new Throttle();
  /** By user id, of the cursors that come next. */
  #anchors: ReadonlyMap<number, Anchor> = new Map();
  /** The server takes no anchors: an older one says that they are malformed (PROTOCOL.md, Anchors). */
  #refused = false;
  readonly #name: string;
  readonly #site: () => string;
  /** What positions are told in. May be replaced at any time. */
  bounds: Bounds;
  #self: Self | undefined;
  #interval = 0;
  #timer: unknown;
  #unlisten: (() => void) | undefined;

  constructor(options: ClientOptions) {
    const { board, url, name = "", token, tokenUrl, loadTokens, bounds = UNIT, environment = browser } = options;
    this.#environment = environment;
    this.bounds = bounds;
    this.#name = fitName(name.trim());
    const socket = () => {
      if (!url && !board) throw new TypeError("PresenceClient needs the option board or url");
      return socketUrl(url || boardPath(board as string), environment.address());
    };
    this.#site = () => socket().replace(/^ws/, "http");
    const events = {
      message: (message: ServerMessage) => this.#onMessage(message),
      status: (change: StatusChange) => this.#onStatus(change),
      error: (error: Error) => this.#emitter.emit("error", error),
    };
    let tokens = token;
    if (tokenUrl) {
      let fetched: Exclude<Token, string> | undefined;
      tokens = async (signal) => {
        fetched ??= (await (loadTokens?.() ?? import("./tokens.js"))).tokensFrom(tokenUrl, environment);
        return fetched(signal);
      };
    }
    this.#connection = new Connection(socket, this.#name, environment, events, tokens);
  }

  /** Everyone else on the board. */
  get members(): readonly Member[] {
    return this.#roster.members;
  }

  /** This session, once the server has welcomed it. */
  get self(): Self | undefined {
    return this.#self;
  }

  /** Whether the board tells nobody who is here, but only how many: then there is no name and no cursor. */
  get countsOnly(): boolean {
    return this.#self?.spectator === true && this.#roster.members.length === 0;
  }

  /** Milliseconds between cursor updates that the server asks of everyone; 0 = unknown. */
  get pace(): number {
    return this.#interval;
  }

  /** Listen to an event. Returns a function that stops the listening. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (detail: ClientEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Join the board and stay on it until `destroy`. After a refusal this tries once more. */
  connect(): void {
    this.#unlisten ??= this.#environment.listen((signal) => this.#onSignal(signal));
    this.#throttle.setHidden(!this.#environment.visible());
    this.#connection.open();
  }

  /**
   * Leave the board; no timer, socket or listener remains. With `returns`, another client of this person takes over:
   * the others see no leave and no join if it connects within the server's `RELOAD_GRACE`.
   */
  destroy({ returns = false }: { readonly returns?: boolean } = {}): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#connection.close(returns);
    this.#emitter.clear();
  }

  /**
   * The pointer is at this point of `bounds`: without them, at these fractions, 0..1 each, of the shared surface; and at
   * `anchorAt(id, fx, fy)`, if it is on an element that other pages of the board have too.
   */
  moveTo(x: number, y: number, anchor?: Anchor): void {
    const fraction = fractionIn(this.bounds, { x, y });
    if (!isFinite(fraction.x + fraction.y)) return;
    const position = { x: toWire(fraction.x), y: toWire(fraction.y) };
    this.#throttle.move(anchor && !this.#refused ? { ...position, anchor } : position);
    this.#flush();
  }

  /** The pointer left the board or came back. The client notices a hidden tab by itself. */
  setState(state: ClientState): void {
    this.#throttle.setState(state);
    this.#flush();
  }

  #onMessage(message: ServerMessage): void {
    const [roster, emitter] = [this.#roster, this.#emitter];
    switch (message.type) {
      case "WELCOME": {
        const { user, color, interval, spectator, name_set } = message;
        roster.welcome(user);
        this.#interval = interval;
        this.#throttle.start(interval, spectator);
        this.#refused = false;
        const name = name_set ? undefined : this.#name || undefined;
        this.#self = { user, color, spectator, name, signedIn: isSignedIn(color) };
        emitter.emit("self", this.#self);
        return this.#flush();
      }
      case "AVATARS":
        roster.avatars.clear();
        for (const [user, url] of message.avatars) {
          try {
            // A path is the site's, also on a page of another origin.
            roster.avatars.set(user, new URL(url, this.#site()).href);
          } catch (error) {
            emitter.emit("error", error as Error);
          }
        }
        return;
      case "ROSTER": {
        roster.replace(message.users);
        this.#learnName();
        const { members } = roster;
        emitter.emit("roster", members);
        return members.forEach((member) => this.#emitPosition(member));
      }
      case "USER_JOINED": {
        const member = roster.join(message.user, message.name, message.color);
        this.#learnName();
        if (!member) return;
        emitter.emit("joined", member);
        return this.#emitPosition(member);
      }
      case "USER_LEFT": {
        const member = roster.leave(message.user);
        if (member) emitter.emit("left", member);
        return;
      }
      case "STATE":
        for (const { user, state } of message.states) {
          if (roster.setState(user, state)) emitter.emit("state", { user, state });
        }
        return;
      case "ANCHORS":
        this.#anchors = new Map(message.anchors);
        return;
      case "CURSOR_BROADCAST":
        message.cursors.forEach((cursor) => this.#onCursor(cursor));
        this.#anchors = new Map();
        return;
      case "NOTICE":
        this.#refused ||= message.code === 1;
        return;
      case "PRESENCE_UPDATE":
        return emitter.emit("count", message.count);
      case "RATE":
        this.#interval = message.interval;
        this.#throttle.setInterval(message.interval);
        return this.#flush();
    }
  }

  #onCursor(cursor: Cursor): void {
    const before = this.#roster.find(cursor.user)?.state;
    const anchor = this.#anchors.get(cursor.user);
    const member = this.#roster.move(anchor ? { ...cursor, anchor } : cursor);
    if (!member) return;
    if (before !== ACTIVE) this.#emitter.emit("state", { user: cursor.user, state: ACTIVE });
    this.#emitPosition(member);
  }

  #emitPosition({ user, position }: Member): void {
    if (!position) return;
    const fraction = { x: fromWire(position.x), y: fromWire(position.y) };
    this.#emitter.emit("cursor", { user, ...position, ...pointIn(this.bounds, fraction) });
  }

  #learnName(): void {
    const { own } = this.#roster;
    if (!this.#self || !own || (own.name === this.#self.name && own.avatar === this.#self.avatar)) return;
    this.#self = { ...this.#self, ...own };
    this.#emitter.emit("self", this.#self);
  }

  #onStatus(change: StatusChange): void {
    if (change.status !== "open") {
      this.#throttle.stop();
      this.#environment.clearTimer(this.#timer);
    }
    this.#emitter.emit("status", change);
  }

  #onSignal(signal: Signal): void {
    if (signal !== "shown" && signal !== "hidden") return;
    this.#throttle.setHidden(signal === "hidden");
    this.#flush();
  }

  /** Send what is due, and set a timer for what is not due yet. */
  #flush(): void {
    const [environment, connection, throttle] = [this.#environment, this.#connection, this.#throttle];
    environment.clearTimer(this.#timer);
    const { congested } = connection;
    const message = congested ? undefined : throttle.take(environment.now());
    if (message) connection.send(message);
    const wait = throttle.wait(environment.now());
    if (wait === undefined) return;
    this.#timer = environment.setTimer(() => this.#flush(), Math.max(wait, congested ? CONGESTION_RETRY : 0));
  }
}
