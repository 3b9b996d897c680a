/** The body of a table whose rows change while somebody uses it. */
import { UNKNOWN, write } from "./page.js";

export interface Cell {
  readonly text: string;
  readonly href?: string | undefined;
}

export interface Row {
  readonly key: string;
  /** The first cell is the row's header; the others are numbers. */
  readonly cells: readonly (Cell | string)[];
}

export class Table {
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #emptyRow = document.createElement("tr");
  readonly #emptyCell = this.#emptyRow.insertCell();

  /** `emptyText` is shown in place of rows. */
  constructor(
    private readonly body: HTMLElement,
    private readonly emptyText: string,
    columns: number,
  ) {
    this.#emptyCell.colSpan = columns;
  }

  /** Show rows; null = not known. A row that stays is the same element, so that a focused link keeps the focus. */
  show(rows: readonly Row[] | null): void {
    const keys = new Set(rows?.map(({ key }) => key));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
    write(this.#emptyCell, rows ? this.emptyText : UNKNOWN);
    const elements = rows?.length ? rows.map((row) => this.#row(row)) : [this.#emptyRow];
    const { children } = this.body;
    const same = elements.length === children.length && elements.every((element, at) => children[at] === element);
    if (!same) this.body.replaceChildren(...elements);
  }

  #row({ key, cells }: Row): HTMLTableRowElement {
    const row = this.#rows.get(key) ?? document.createElement("tr");
    this.#rows.set(key, row);
    cells.forEach((cell, at) => {
      fill(row.cells[at] ?? addCell(row, at), typeof cell === "string" ? { text: cell } : cell);
    });
    return row;
  }
}

function addCell(row: HTMLTableRowElement, at: number): HTMLElement {
  const cell = document.createElement(at === 0 ? "th" : "td");
  if (at === 0) (cell as HTMLTableCellElement).scope = "row";
  else cell.className = "presence-number";
  row.append(cell);
  return cell;
}

function fill(cell: HTMLElement, { text, href }: Cell): void {
  const link = cell.querySelector("a");
  if (!href) {
    if (cell.textContent !== text || link) cell.textContent = text;
  } else if (link?.href !== href || link.textContent !== text) {
    const place = link ?? document.createElement("a");
    place.href = href;
    place.textContent = text;
    if (!link) cell.replaceChildren(place);
  }
}
