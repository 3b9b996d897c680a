/** The "Online" cells of a changelist: which boards they are of, and what they show. */
import { UNKNOWN, write, type Place } from "./text.js";

/** How many people, by board; null = not known, or not for you. */
export type Counts = Readonly<Record<string, number | null>>;

type Cells = ReadonlyMap<string, Place>;

/** The cells of a page, by board. */
export function cellsOf(page: ParentNode): Map<string, HTMLElement> {
  const cells = page.querySelectorAll<HTMLElement>(".presence-online[data-board]");
  return new Map([...cells].map((cell) => [cell.dataset["board"] ?? "", cell]));
}

/** Shows the counts that changed. It only writes, so that the page is laid out once for all of them. */
export function show(cells: Cells, counts: Counts): void {
  for (const [board, count] of Object.entries(counts)) write(cells.get(board), textOf(count));
}

/** Shows that nothing is known. */
export function clear(cells: Cells): void {
  for (const cell of cells.values()) write(cell, UNKNOWN);
}

function textOf(count: number | null): string {
  return count === null ? UNKNOWN : String(count);
}
