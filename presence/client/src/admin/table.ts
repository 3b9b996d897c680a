/** The body of a table whose rows change while somebody may be in the middle of it. */
import { UNKNOWN, write } from "./text.js";

export interface Cell {
  readonly text: string;
  readonly href?: string | undefined;
}

export interface Row {
  readonly key: string;
  /** The first is the row's header, the others are numbers. */
  readonly cells: readonly (Cell | string)[];
}

export class Table {
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #empty = document.createElement("tr");
  readonly #said = this.#empty.insertCell();

  constructor(
    private readonly body: HTMLElement,
    private readonly empty: string,
    columns: number,
  ) {
    this.#said.colSpan = columns;
  }

  /** Rows stay the same elements, and in their place where that is right: who is on a link stays there. Null is
   * what is not known. */
  show(rows: readonly Row[] | null): void {
    const keys = new Set(rows?.map(({ key }) => key));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
    write(this.#said, rows ? this.empty : UNKNOWN);
    const wanted = (rows ?? []).map((row) => this.#row(row));
    const now = wanted.length > 0 ? wanted : [this.#empty];
    const isSame = now.length === this.body.children.length && now.every((row, at) => this.body.children[at] === row);
    if (!isSame) this.body.replaceChildren(...now);
  }

  #row({ key, cells }: Row): HTMLTableRowElement {
    const row = this.#rows.get(key) ?? document.createElement("tr");
    this.#rows.set(key, row);
    cells.forEach((cell, at) => fill(row.cells[at] ?? added(row, at), typeof cell === "string" ? { text: cell } : cell));
    return row;
  }
}

function added(row: HTMLTableRowElement, at: number): HTMLElement {
  const cell = document.createElement(at === 0 ? "th" : "td");
  if (cell instanceof HTMLTableCellElement && at === 0) cell.scope = "row";
  else cell.className = "presence-number";
  row.append(cell);
  return cell;
}

function fill(cell: HTMLElement, { text, href }: Cell): void {
  const link = cell.querySelector("a");
  if (link && link.href === href && link.textContent === text) return;
  if (!href) {
    if (cell.textContent !== text || link) cell.textContent = text;
    return;
  }
  const place = link ?? document.createElement("a");
  place.href = href;
  place.textContent = text;
  if (!link) cell.replaceChildren(place);
}
