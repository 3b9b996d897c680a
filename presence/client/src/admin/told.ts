/** What is told of a board (the topic "board": presence/board.py), and what is known of it. Pure. */

export type State = "active" | "off board" | "idle" | "away";

export interface Person {
  readonly name: string;
  /** As CSS has it. */
  readonly color: string;
  /** Null: a guest. An account without a name is not for whoever looks. */
  readonly account: { readonly pk: string | null; readonly name: string | null } | null;
  /** Seconds since 1970. */
  readonly since: number;
  readonly tabs: number;
  /** Null: not known. */
  readonly state: State | null;
  readonly processes: readonly string[];
}

/** Whose it is, by the person's key, and where: x and y are 0 to 65535 of the board's width and height. */
export type Cursor = readonly [key: string, x: number, y: number];

type Changes<Kind> = Readonly<Record<string, Kind | null>>;

/** What changed; of people and cursors those that did, null where one is gone. */
export interface Change {
  readonly closed?: boolean | null;
  readonly people?: Changes<Person> | null;
  /** By session: who has many tabs has many cursors. */
  readonly cursors?: Changes<Cursor> | null;
}

/** What is known; null is what is not. */
export interface Board {
  readonly closed: boolean | null;
  readonly people: ReadonlyMap<string, Person> | null;
  readonly cursors: ReadonlyMap<string, Cursor> | null;
}

export const NOTHING: Board = { closed: null, people: null, cursors: null };

/** Returns what is known after a change; of nothing, where nothing is known any more. */
export function merge(before: Board, change: Change | null): Board {
  if (!change) return NOTHING;
  return {
    closed: change.closed === undefined ? before.closed : change.closed,
    people: mergeKeys(before.people, change.people),
    cursors: mergeKeys(before.cursors, change.cursors),
  };
}

/** The keys of people in the order in which they came; of those who came at once, in which it was told. */
export function inOrder(people: ReadonlyMap<string, Person>): string[] {
  const since = (key: string) => people.get(key)?.since ?? 0;
  return [...people.keys()].sort((one, other) => since(one) - since(other));
}

function mergeKeys<Kind>(before: ReadonlyMap<string, Kind> | null, changes: Changes<Kind> | null | undefined) {
  if (changes === undefined) return before;
  if (changes === null) return null;
  const now = new Map(before);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) now.delete(key);
    else now.set(key, value);
  }
  return now;
}
