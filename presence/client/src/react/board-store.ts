/**
 * Stores what is known of each board, for React's useSyncExternalStore. All components of a page that show the same
 * board share one store and its one connection.
 */
import { PresenceClient, type ClientOptions, type Status } from "../client/client.js";
import { fromWire } from "../protocol/codec.js";
import { OFF_BOARD, type Color, type State } from "../protocol/messages.js";
import type { Member } from "../protocol/roster.js";

/** Someone else on the board. */
export interface User {
  readonly user: number;
  readonly name: string;
  readonly color: Color;
  /** URL of the picture, if the person has one. */
  readonly avatar: string | undefined;
  /** Whether the name is that of an account. */
  readonly signedIn: boolean;
  readonly state: State;
}

/** The cursor of someone active, in fractions 0..1 of the shared surface. */
export interface UserCursor extends Omit<User, "state" | "signedIn"> {
  readonly x: number;
  readonly y: number;
}

/** What is known of a board. Each value is replaced when it changes, and never modified. */
export interface Snapshot {
  readonly cursors: readonly UserCursor[];
  readonly users: readonly User[];
  /** People, this one included. */
  readonly count: number;
  readonly status: Status;
}

export type SnapshotKey = keyof Snapshot;

export const EMPTY: Snapshot = { cursors: [], users: [], count: 0, status: "connecting" };

export class BoardStore {
  readonly #options = new Set<ClientOptions>();
  readonly #listeners = new Set<() => void>();
  readonly #changed = new Set<SnapshotKey>();
  #snapshot = EMPTY;
  #client: PresenceClient | undefined;
  /** Identifies the options of the running client. */
  #running: string | undefined;
  #count = EMPTY.count;
  #status = EMPTY.status;
  #reconciling = false;

  /** `unused` is called when the store has neither a user nor a listener any more. */
  constructor(private readonly unused: () => void) {}

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Call `listener` after changes, once for all changes of a moment. Returns a function that stops it. */
  subscribe(listener: () => void): () => void {
    // Two components may pass the same function.
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      this.#reconcileSoon();
    };
  }

  /** Stay connected until released. If several users give an option, the first one's holds. */
  use(options: ClientOptions): () => void {
    const own = { ...options };
    this.#options.add(own);
    this.#reconcileSoon();
    return () => {
      this.#options.delete(own);
      this.#reconcileSoon();
    };
  }

  /** The pointer is at these fractions of the surface, or without them off the board. */
  sendCursor(x?: number, y?: number): void {
    if (x === undefined || y === undefined) this.#client?.setState(OFF_BOARD);
    else this.#client?.moveTo(x, y);
  }

  /** React's StrictMode releases and uses the store again in one moment, which must not reconnect. */
  #reconcileSoon(): void {
    if (this.#reconciling) return;
    this.#reconciling = true;
    queueMicrotask(() => this.#reconcile());
  }

  #reconcile(): void {
    this.#reconciling = false;
    const options = this.#options.size > 0 ? merge(this.#options) : undefined;
    const running = options && JSON.stringify([options.name, options.tokenUrl, tokenKey(options)]);
    if (running !== this.#running) this.#restart(options);
    this.#running = running;
    if (this.#options.size + this.#listeners.size === 0) this.unused();
  }

  #restart(options: ClientOptions | undefined): void {
    this.#client?.destroy({ returns: options !== undefined });
    this.#client = options && new PresenceClient(options);
    this.#count = EMPTY.count;
    this.#status = EMPTY.status;
    this.#change("cursors", "users", "count", "status");
    if (this.#client) this.#watch(this.#client);
    this.#client?.connect();
  }

  #watch(client: PresenceClient): void {
    for (const event of ["roster", "joined", "left", "state"] as const) {
      client.on(event, () => this.#change("users", "cursors"));
    }
    client.on("cursor", () => this.#change("cursors"));
    client.on("count", (count) => {
      this.#count = count;
      this.#change("count");
    });
    client.on("status", ({ status }) => {
      this.#status = status;
      this.#change("status");
      if (status !== "closed") return;
      this.#count = EMPTY.count;
      this.#change("users", "cursors", "count");
    });
  }

  #change(...keys: SnapshotKey[]): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#publish());
    for (const key of keys) this.#changed.add(key);
  }

  /** Replace the changed values and call the listeners. A closed connection knows nobody. */
  #publish(): void {
    const [count, status] = [this.#count, this.#status];
    const members = status === "closed" ? [] : (this.#client?.members ?? []);
    const users = this.#changed.has("users") ? members.map(userOf) : this.#snapshot.users;
    const cursors = this.#changed.has("cursors") ? members.flatMap(cursorOf) : this.#snapshot.cursors;
    this.#snapshot = { cursors, users, count, status };
    this.#changed.clear();
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What identifies a store: a board, and its socket if that is elsewhere. */
export interface Place {
  readonly board: string;
  readonly url?: string | undefined;
}

const stores = new Map<string, BoardStore>();

function keyOf({ board, url }: Place): string {
  return JSON.stringify([board, url]);
}

/** The store of a place; undefined if no component uses it. */
export function existingStore(place: Place): BoardStore | undefined {
  return stores.get(keyOf(place));
}

/** The store of a place, created if there is none. */
export function storeAt(place: Place): BoardStore {
  const key = keyOf(place);
  const store = stores.get(key) ?? new BoardStore(() => stores.delete(key));
  stores.set(key, store);
  return store;
}

/** Merge options; of each the first that is defined holds. */
function merge(all: Iterable<ClientOptions>): ClientOptions {
  const defined = ([, value]: [string, unknown]) => value !== undefined;
  return Object.fromEntries([...all].reverse().flatMap((options) => Object.entries(options).filter(defined)));
}

/** All token functions count as the same one, because a component passes a new one with each render. */
function tokenKey({ token }: ClientOptions): string {
  return typeof token === "string" ? token : typeof token;
}

function userOf({ user, name, color, avatar, signedIn, state }: Member): User {
  return { user, name, color, avatar, signedIn, state };
}

function cursorOf({ user, name, color, avatar, position }: Member): UserCursor[] {
  return position ? [{ user, name, color, avatar, x: fromWire(position.x), y: fromWire(position.y) }] : [];
}
