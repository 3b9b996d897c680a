/** The table of a board's people. Its rows are copies of the page's template. */
import { inOrder, type Person } from "./board.js";
import type { Formats } from "./formats.js";
import { UNKNOWN, write } from "./page.js";

export interface PeopleTableOptions {
  readonly formats: Formats;
  /** The page of an account, with `__pk__` for its key; null if this person may not see accounts. */
  readonly account: string | null;
  /** The texts for guests, accounts and states. */
  readonly texts: Readonly<Partial<Record<string, string>>>;
}

interface Row {
  readonly element: HTMLTableRowElement;
  person: Person | undefined;
}

/** Milliseconds after which a pointer that does not move is no longer about to press a button. */
const POINTER_TIMEOUT = 5_000;

export class PeopleTable {
  readonly #rows = new Map<string, Row>();
  readonly #model: HTMLTableRowElement;
  #pointedAt = -Infinity;

  /** `highlight` receives the person's key when a row is pointed at or focused, and undefined when it no longer is. */
  constructor(
    private readonly body: HTMLElement,
    template: HTMLTemplateElement,
    private readonly options: PeopleTableOptions,
    highlight: (key: string | undefined) => void,
  ) {
    this.#model = template.content.querySelector("tr") as HTMLTableRowElement;
    const onRow = ({ target }: Event) => highlight((target as Element).closest("tr")?.dataset["person"]);
    for (const name of ["pointerover", "focusin"]) body.addEventListener(name, onRow);
    body.addEventListener("focusout", () => highlight(undefined));
    body.addEventListener("pointermove", () => (this.#pointedAt = performance.now()));
    body.addEventListener("pointerleave", () => {
      this.#pointedAt = -Infinity;
      highlight(undefined);
      this.#removeEmptyRows();
    });
  }

  /**
   * Show people in the order in which they joined. The rows of those who stay are the same elements in the same place.
   * While somebody points at the table, a person who leaves is replaced by an empty row, so that no other button moves
   * under a hand that is about to press.
   */
  show(people: ReadonlyMap<string, Person>): void {
    if (!this.#isPointedAt) this.#removeEmptyRows();
    for (const [key, { element }] of this.#rows) if (!people.has(key)) this.#remove(key, element);
    let after: Element | null = null;
    for (const key of inOrder(people)) {
      const row = this.#row(key);
      this.#fill(row, people.get(key) as Person);
      this.#place(row.element, after);
      after = row.element;
    }
  }

  clear(): void {
    this.#rows.clear();
    this.body.replaceChildren();
  }

  #row(key: string): Row {
    const known = this.#rows.get(key);
    if (known) return known;
    const element = this.#model.cloneNode(true) as HTMLTableRowElement;
    element.dataset["person"] = key;
    const row = { element, person: undefined };
    this.#rows.set(key, row);
    return row;
  }

  /** Put a row behind another, or first. Skips empty rows, and moves nothing that is in its place. */
  #place(row: Element, after: Element | null): void {
    let next = after ? after.nextElementSibling : this.body.firstElementChild;
    while (next && isEmpty(next)) next = next.nextElementSibling;
    if (next !== row) this.body.insertBefore(row, next);
  }

  #remove(key: string, row: HTMLTableRowElement): void {
    this.#rows.delete(key);
    // A person with a keyboard goes on from the table.
    if (row.contains(document.activeElement)) this.body.closest<HTMLElement>("[tabindex]")?.focus();
    if (!this.#isPointedAt) return row.remove();
    const height = `${row.getBoundingClientRect().height}px`;
    delete row.dataset["person"];
    row.replaceChildren();
    row.insertCell().colSpan = this.#model.cells.length;
    row.style.setProperty("height", height);
  }

  #fill(row: Row, person: Person): void {
    if (row.person === person) return;
    row.person = person;
    const { formats, texts } = this.options;
    const find = (field: string) => row.element.querySelector<HTMLElement>(`[data-field=${field}]`);
    write(find("name"), person.name);
    find("sign")?.toggleAttribute("hidden", !person.account);
    find("color")?.style.setProperty("background-color", person.color);
    this.#link(find("account") as HTMLAnchorElement, person);
    write(find("since"), formats.moment(person.since));
    find("since")?.setAttribute("datetime", new Date(person.since * 1000).toISOString());
    write(find("tabs"), formats.count(person.tabs));
    write(find("state"), (person.state && texts[person.state]) ?? UNKNOWN);
    write(find("processes"), person.processes.join(", "));
    const button = row.element.querySelector("button");
    if (button) button.ariaLabel = `${button.textContent}: ${person.name}`;
  }

  #link(link: HTMLAnchorElement, { account }: Person): void {
    const { texts, account: page } = this.options;
    write(link, account?.name ?? texts[account ? "account" : "guest"] ?? "");
    link.classList.toggle("quiet", !account?.name);
    if (page && account?.pk) link.href = page.replace("__pk__", quote(account.pk));
    else link.removeAttribute("href");
  }

  get #isPointedAt(): boolean {
    return performance.now() - this.#pointedAt < POINTER_TIMEOUT;
  }

  #removeEmptyRows(): void {
    for (const row of [...this.body.children]) if (isEmpty(row)) row.remove();
  }
}

function isEmpty(row: Element): boolean {
  return !(row as HTMLElement).dataset["person"];
}

/** Quote a key as Django's admin does in its URLs (django.contrib.admin.utils.quote). */
export function quote(pk: string): string {
  const hex = (letter: string) => `_${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  return encodeURIComponent(pk.replace(/[:/_#?;@&=+$,"[\]<>%\n\\]/g, hex));
}
