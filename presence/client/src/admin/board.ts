/** What is known of a board, and how changes alter it (the topic "board", presence/admin/board_topic.py). Pure. */

export type State = "active" | "off board" | "idle" | "away";

export interface Person {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  /** Null for a guest. An account's name is null if this person may not see it. */
  readonly account: { readonly pk: string | null; readonly name: string | null } | null;
  /** Seconds since 1970. */
  readonly since: number;
  readonly tabs: number;
  /** Null = not known. */
  readonly state: State | null;
  readonly processes: readonly string[];
}

/** The person's key, and the place: 0 to 65535 of the board's width and height. */
export type Cursor = readonly [key: string, x: number, y: number];

type Changes<Value> = Readonly<Record<string, Value | null>>;

/** What changed. A person or cursor that is null is gone; a whole field that is null is no longer known. */
export interface BoardChange {
  readonly closed?: boolean | null;
  /** How many people the board does not show. */
  readonly hidden?: number | null;
  readonly people?: Changes<Person> | null;
  /** By session, because each tab of a person has a cursor. */
  readonly cursors?: Changes<Cursor> | null;
}

/** What is known; null = not known. */
export interface Board {
  readonly closed: boolean | null;
  readonly hidden: number;
  readonly people: ReadonlyMap<string, Person> | null;
  readonly cursors: ReadonlyMap<string, Cursor> | null;
}

export const UNKNOWN_BOARD: Board = { closed: null, hidden: 0, people: null, cursors: null };

/** The board after a change; null = nothing is known any more. */
export function applyChange(board: Board, change: BoardChange | null): Board {
  if (!change) return UNKNOWN_BOARD;
  return {
    closed: change.closed === undefined ? board.closed : change.closed,
    hidden: change.hidden ?? board.hidden,
    people: applyTo(board.people, change.people),
    cursors: applyTo(board.cursors, change.cursors),
  };
}

/** The keys of people in the order in which they joined. */
export function inOrder(people: ReadonlyMap<string, Person>): string[] {
  return [...people].sort(([, one], [, other]) => one.since - other.since).map(([key]) => key);
}

function applyTo<Value>(before: ReadonlyMap<string, Value> | null, changes: Changes<Value> | null | undefined) {
  if (changes === undefined) return before;
  if (changes === null) return null;
  const after = new Map(before);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
}
