/**
 * One connection for all components of a page that look at the same board, and what it knows as
 * values that change only by being replaced.
 */
import { PresenceClient, type ClientOptions } from "../client/client.js";
import type { Status } from "../client/connection.js";
import { OFF_BOARD, fromWire, type Color, type State } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";

/** Someone else on the board. */
export interface User {
  readonly user: number;
  readonly name: string;
  readonly color: Color;
  readonly state: State;
}

/** The cursor of someone who is active: fractions 0..1 of the shared surface. */
export interface UserCursor extends Omit<User, "state"> {
  readonly x: number;
  readonly y: number;
}

/** What is known of a board; each part stays the same value until it changes. */
export interface Snapshot {
  readonly cursors: readonly UserCursor[];
  readonly users: readonly User[];
  /** People, this one included. */
  readonly count: number;
  readonly status: Status;
}

export type Topic = keyof Snapshot;

export const NOTHING: Snapshot = { cursors: [], users: [], count: 0, status: "connecting" };

export class SharedBoard {
  readonly #holders = new Set<ClientOptions>();
  readonly #listeners = new Set<() => void>();
  readonly #stale = new Set<Topic>();
  #snapshot = NOTHING;
  #client: PresenceClient | undefined;
  #running: string | undefined;
  #told = { count: NOTHING.count, status: NOTHING.status };
  #settling = false;

  /** `unused` is told when nobody holds it or listens any more. */
  constructor(private readonly unused: () => void) {}

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Be told after something has changed; several changes of one moment are one. */
  subscribe(listener: () => void): () => void {
    // Two components may give the same function.
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      this.#settleSoon();
    };
  }

  /** Stay connected until released. Of several holders' options the first that are given hold. */
  hold(options: ClientOptions): () => void {
    const own = { ...options };
    this.#holders.add(own);
    this.#settleSoon();
    return () => {
      this.#holders.delete(own);
      this.#settleSoon();
    };
  }

  /** The pointer is at this fraction of the surface; without one it is off the board. */
  send(x?: number, y?: number): void {
    if (x === undefined || y === undefined) this.#client?.setState(OFF_BOARD);
    else this.#client?.moveTo(x, y);
  }

  /** Who lets go in this moment and takes hold again in it, as StrictMode does, changes nothing. */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => this.#settle());
  }

  #settle(): void {
    this.#settling = false;
    const options = this.#holders.size > 0 ? firstGiven(this.#holders) : undefined;
    const running = options && JSON.stringify([options.name, options.tokenUrl, textOf(options)]);
    if (running !== this.#running) this.#run(options);
    this.#running = running;
    if (this.#holders.size + this.#listeners.size === 0) this.unused();
  }

  #run(options: ClientOptions | undefined): void {
    this.#client?.destroy();
    this.#told = { count: NOTHING.count, status: NOTHING.status };
    this.#client = options && this.#watch(new PresenceClient(options));
    this.#changed("cursors", "users", "count", "status");
    this.#client?.connect();
  }

  #watch(client: PresenceClient): PresenceClient {
    for (const event of ["roster", "joined", "left", "state"] as const) {
      client.on(event, () => this.#changed("users", "cursors"));
    }
    client.on("cursor", () => this.#changed("cursors"));
    client.on("count", (count) => {
      this.#told.count = count;
      this.#changed("count");
    });
    client.on("status", ({ status }) => this.#restated(status));
    return client;
  }

  /** What a closed connection knew holds no longer. */
  #restated(status: Status): void {
    const closed = status === "closed";
    this.#told = { count: closed ? NOTHING.count : this.#told.count, status };
    this.#changed("status", ...(closed ? (["users", "cursors", "count"] as const) : []));
  }

  #changed(...topics: Topic[]): void {
    if (this.#stale.size === 0) queueMicrotask(() => this.#tell());
    for (const topic of topics) this.#stale.add(topic);
  }

  #tell(): void {
    const members = this.#told.status === "closed" ? [] : (this.#client?.members ?? []);
    const users = this.#stale.has("users") ? members.map(userOf) : this.#snapshot.users;
    const cursors = this.#stale.has("cursors") ? members.flatMap(cursorOf) : this.#snapshot.cursors;
    this.#snapshot = { ...this.#told, users, cursors };
    this.#stale.clear();
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The boards that somebody looks at, by what makes a connection another one. */
const boards = new Map<string, SharedBoard>();

export interface Place {
  readonly board: string;
  /** Where the socket is elsewhere. */
  readonly url?: string | undefined;
}

function keyOf({ board, url }: Place): string {
  return JSON.stringify([board, url]);
}

/** The board that all on this page share who look at this place. */
export function boardAt(place: Place): SharedBoard {
  const key = keyOf(place);
  const board = boards.get(key) ?? new SharedBoard(() => boards.delete(key));
  boards.set(key, board);
  return board;
}

/** Say where the pointer is, if anybody is connected there. */
export function sendTo(place: Place, x?: number, y?: number): void {
  boards.get(keyOf(place))?.send(x, y);
}

/** What is known of a place now, whether anybody looks at it or not. */
export function snapshotOf(place: Place): Snapshot {
  return boards.get(keyOf(place))?.snapshot ?? NOTHING;
}

function firstGiven(all: Iterable<ClientOptions>): ClientOptions {
  const given = ([, value]: [string, unknown]) => value !== undefined;
  return Object.fromEntries([...all].reverse().flatMap((options) => Object.entries(options).filter(given)));
}

/** Two functions that give tokens are taken for the same: a component makes a new one each time. */
function textOf({ token }: ClientOptions): string {
  return typeof token === "string" ? token : typeof token;
}

function userOf({ user, name, color, state }: Member): User {
  return { user, name, color, state };
}

function cursorOf({ user, name, color, position }: Member): UserCursor[] {
  return position ? [{ user, name, color, x: fromWire(position.x), y: fromWire(position.y) }] : [];
}
