/** Keeps the "Online" column of the list of boards up to date. */
import { Feed, type FeedOptions, type FeedStatus } from "./feed.js";
import { StatusLine, UNKNOWN, write, type StatusTexts, type TextPlace } from "./page.js";

/** The page's configuration of a list of boards. */
export interface ChangelistConfig extends FeedOptions {
  readonly texts: StatusTexts;
}

/** People by board; null = not known, or not for this person. */
export type Counts = Readonly<Record<string, number | null>>;

/** The cells of the column by board. */
export type Cells = ReadonlyMap<string, TextPlace>;

/** Show the counts that changed. Reads nothing of the layout, so that the browser lays out the page once. */
export function showCounts(cells: Cells, counts: Counts): void {
  for (const [board, count] of Object.entries(counts)) write(cells.get(board), String(count ?? UNKNOWN));
}

/** Show that nothing is known. */
export function clearCounts(cells: Cells): void {
  for (const cell of cells.values()) write(cell, UNKNOWN);
}

export function startChangelist(config: ChangelistConfig, list: Element): void {
  const found = [...list.querySelectorAll<HTMLElement>(".presence-online[data-board]")];
  const cells = new Map(found.map((cell) => [cell.dataset["board"] ?? "", cell]));
  if (cells.size === 0) return;
  const line = new StatusLine(list, config.texts);
  const onStatus = (status: FeedStatus) => {
    line.show(status);
    // Someone who lost the permission sees no numbers.
    if (status === "ended") clearCounts(cells);
  };
  const watch = { ...config.watch, rows: [...cells.keys()] };
  new Feed({ ...config, watch }, ({ rows }) => rows && showCounts(cells, rows as Counts), onStatus);
}
