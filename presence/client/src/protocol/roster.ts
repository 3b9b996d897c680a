/** Who is on the board: a snapshot (ROSTER), then diffs (PROTOCOL.md, Messages and Cursors). */
import {
  ACTIVE,
  NO_USER,
  type Color,
  type Cursor,
  type Position,
  type RosterEntry,
  type State,
} from "./protocol.js";

/** One other session on the board. `position` is set where its cursor is to be shown. */
export interface Member {
  readonly user: number;
  readonly name: string;
  readonly color: Color;
  readonly state: State;
  readonly position: Position | undefined;
}

type Entry = Omit<RosterEntry, "state"> & { state: State };

/** Everyone on the board but this session itself. */
export class Roster {
  /** This session's name where the server has told it. */
  ownName: string | undefined;

  #own = NO_USER;
  readonly #entries = new Map<number, Entry>();
  /** Also of ids that nobody has yet: the join may follow its first cursor. */
  readonly #positions = new Map<number, Position>();

  /** Everyone else, those without a visible cursor included. */
  get members(): Member[] {
    return [...this.#entries.values()].map((entry) => this.#member(entry));
  }

  /** A new session under user id `own`: no position from before the gap holds any more. */
  welcome(own: number): void {
    this.#own = own;
    this.ownName = undefined;
    this.#positions.clear();
  }

  /**
   * Take a snapshot, which replaces everything known. The server need not repeat the cursors after
   * a second snapshot, so whoever is still the same person keeps theirs.
   */
  replace(users: readonly RosterEntry[]): void {
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const entry of users) this.#add(entry, before.get(entry.user));
    for (const user of this.#positions.keys()) {
      if (!this.#entries.has(user)) this.#positions.delete(user);
    }
  }

  /** Someone came, or came back under another name. Undefined where it is this session itself. */
  join(user: number, name: string, color: Color): Member | undefined {
    this.#add({ user, name, color, state: ACTIVE }, undefined);
    return this.find(user);
  }

  /** Someone left. Undefined where nobody had this id. */
  leave(user: number): Member | undefined {
    const member = this.find(user);
    this.#entries.delete(user);
    this.#positions.delete(user);
    return member;
  }

  /** Someone's state changed. Undefined where nobody has this id, or it was so already. */
  restate(user: number, state: State): Member | undefined {
    const entry = this.#entries.get(user);
    if (!entry || entry.state === state) return undefined;
    entry.state = state;
    return this.#member(entry);
  }

  /** Someone's cursor moved, which makes them active. Undefined where nobody known can be shown. */
  move({ user, x, y }: Cursor): Member | undefined {
    if (user === this.#own) return undefined;
    this.#positions.set(user, { x, y });
    const entry = this.#entries.get(user);
    if (entry) entry.state = ACTIVE;
    return this.find(user);
  }

  /** Undefined where nobody known has this id. */
  find(user: number): Member | undefined {
    const entry = this.#entries.get(user);
    return entry && this.#member(entry);
  }

  #add(entry: RosterEntry, before: Entry | undefined): void {
    if (entry.user === this.#own) {
      this.ownName = entry.name;
      return;
    }
    if (before && !samePerson(before, entry)) this.#positions.delete(entry.user);
    this.#entries.set(entry.user, { ...entry });
  }

  #member(entry: Entry): Member {
    const position = entry.state === ACTIVE ? this.#positions.get(entry.user) : undefined;
    return { ...entry, position };
  }
}

function samePerson(one: Entry, other: RosterEntry): boolean {
  return one.name === other.name && String(one.color) === String(other.color);
}
