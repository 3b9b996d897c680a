// The "Online" cells of a changelist: which boards they are of, and what they show.
import { UNKNOWN, write, type Place } from "./text.js";

export type Counts = Readonly<Record<string, number>>;

/** Boards that the server tells of at a time; further rows stay as they came. */
const MOST = 1_000;

/** The cells of a page, by board. */
export function cellsOf(page: ParentNode): Map<string, HTMLElement> {
  const cells = page.querySelectorAll<HTMLElement>(".presence-online[data-board]");
  return new Map([...cells].slice(0, MOST).map((cell) => [cell.dataset["board"] ?? "", cell]));
}

/** Shows counts; a board that is not among them is none of ours any more. Only what changed is written. */
export function show(cells: ReadonlyMap<string, Place>, counts: Counts): void {
  for (const [board, cell] of cells) write(cell, board in counts ? String(counts[board]) : UNKNOWN);
}
