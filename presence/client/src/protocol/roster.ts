/** Who is on the board: a snapshot (ROSTER) and the changes after it (PROTOCOL.md, Messages and Cursors). Pure. */
import { ACTIVE, NO_USER, type Color, type Cursor, type Position, type RosterEntry, type State } from "./messages.js";

/** Another session on the board. `position` is set if its cursor is to be shown. */
export interface Member {
  readonly user: number;
  readonly name: string;
  readonly color: Color;
  /** Whether the name is that of an account. */
  readonly signedIn: boolean;
  /** URL of the picture, if the person has one. */
  readonly avatar?: string | undefined;
  readonly state: State;
  readonly position: Position | undefined;
}

type Entry = Omit<RosterEntry, "state"> & { state: State; readonly avatar?: string | undefined };

/** Everyone on the board except this session. */
export class Roster {
  /** This session's name and picture, once the server has sent them. */
  own: Pick<Member, "name" | "avatar"> | undefined;
  /** Pictures of users who are told of next. */
  readonly avatars = new Map<number, string>();

  #own = NO_USER;
  readonly #entries = new Map<number, Entry>();
  /** Includes ids that nobody has yet: a first cursor may arrive before its join. */
  readonly #positions = new Map<number, Position>();

  /** Everyone else, with or without a visible cursor. */
  get members(): Member[] {
    return [...this.#entries.values()].map((entry) => this.#member(entry));
  }

  /** Begin a new session as user `own`. Positions from before are outdated. */
  welcome(own: number): void {
    this.#own = own;
    this.own = undefined;
    this.avatars.clear();
    this.#positions.clear();
  }

  /**
   * Replace everyone by a snapshot. The server does not repeat cursors after a later snapshot, so a user id that
   * still belongs to the same person keeps its position.
   */
  replace(users: readonly RosterEntry[]): void {
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const entry of users) {
      const old = before.get(entry.user);
      if (old && !isSamePerson(old, entry)) this.#positions.delete(entry.user);
      this.#add(entry);
    }
    for (const user of this.#positions.keys()) {
      if (!this.#entries.has(user)) this.#positions.delete(user);
    }
  }

  /** Someone joined, or joined again under another name. Returns undefined for this session. */
  join(user: number, name: string, color: Color): Member | undefined {
    this.#add({ user, name, color, state: ACTIVE });
    return this.find(user);
  }

  /** Someone left. Returns undefined if nobody had this id. */
  leave(user: number): Member | undefined {
    const member = this.find(user);
    this.#entries.delete(user);
    this.#positions.delete(user);
    return member;
  }

  /**
   * Someone's state changed. Returns undefined if nobody has this id or the state is the same. A cursor that is hidden
   * stays so until it moves: whoever comes back points at something else.
   */
  setState(user: number, state: State): Member | undefined {
    const entry = this.#entries.get(user);
    if (!entry || entry.state === state) return undefined;
    entry.state = state;
    if (state !== ACTIVE) this.#positions.delete(user);
    return this.#member(entry);
  }

  /** A cursor moved, which makes its user active. Returns undefined for this session and for unknown users. */
  move({ user, ...position }: Cursor): Member | undefined {
    this.#positions.set(user, position);
    const entry = this.#entries.get(user);
    if (entry) entry.state = ACTIVE;
    return this.find(user);
  }

  /** Returns undefined if nobody has this id. */
  find(user: number): Member | undefined {
    const entry = this.#entries.get(user);
    return entry && this.#member(entry);
  }

  #add(entry: RosterEntry): void {
    const avatar = this.avatars.get(entry.user);
    this.avatars.delete(entry.user);
    if (entry.user === this.#own) this.own = { name: entry.name, avatar };
    else this.#entries.set(entry.user, { ...entry, avatar });
  }

  #member(entry: Entry): Member {
    const position = entry.state === ACTIVE ? this.#positions.get(entry.user) : undefined;
    return { ...entry, signedIn: isSignedIn(entry.color), position };
  }
}

/** Whether the server says with a colour that its person is signed in (PROTOCOL.md, Identifiers). */
export function isSignedIn([red]: Color): boolean {
  return red % 2 === 1;
}

function isSamePerson(one: Entry, other: RosterEntry): boolean {
  return one.name === other.name && String(one.color) === String(other.color);
}
