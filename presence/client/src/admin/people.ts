/** The table of a board's people: its rows are copies of the template that the page brings along. */
import type { Formats } from "./formats.js";
import { UNKNOWN, write } from "./text.js";
import { inOrder, type Person } from "./told.js";

export interface PeopleOptions {
  readonly formats: Formats;
  /** The page of an account, with `__pk__` for its key; null where there is none for whoever looks. */
  readonly account: string | null;
  /** What guests and states are called. */
  readonly texts: Readonly<Partial<Record<string, string>>>;
}

interface Row {
  readonly element: HTMLTableRowElement;
  person: Person | undefined;
}

/** Milliseconds after which a pointer that has not moved means nothing. */
const AT_REST = 5_000;

/** Whom somebody points at, by key; undefined when at nobody any more. */
type Pointed = (key: string | undefined) => void;

export class People {
  readonly #rows = new Map<string, Row>();
  readonly #model: HTMLTableRowElement;
  #pointedAt = -Infinity;

  constructor(
    private readonly body: HTMLElement,
    model: HTMLTemplateElement,
    private readonly options: PeopleOptions,
    pointed: Pointed,
  ) {
    this.#model = model.content.querySelector("tr") as HTMLTableRowElement;
    this.#listen(pointed);
  }

  /**
   * Who came first is first. Rows of those who stay are the same elements, and where they were: of who
   * goes while somebody points at the table an empty row is left, until they point elsewhere, so that
   * the button of another does not come under a hand that is about to press.
   */
  show(people: ReadonlyMap<string, Person>): void {
    if (!this.#isPointed) this.#sweep();
    for (const [key, row] of this.#rows) if (!people.has(key)) this.#leave(key, row.element);
    for (const [key, person] of people) this.#fill(this.#row(key), person);
    let after: Element | null = null;
    for (const key of inOrder(people)) after = this.#place((this.#rows.get(key) as Row).element, after);
  }

  /** Show nobody, and no trace of who was there. */
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

  /** Behind another, leaving what stands there already, and empty rows, in peace. */
  #place(row: Element, after: Element | null): Element {
    let next = after ? after.nextElementSibling : this.body.firstElementChild;
    while (next && isEmpty(next)) next = next.nextElementSibling;
    if (next !== row) this.body.insertBefore(row, next);
    return row;
  }

  #leave(key: string, row: HTMLTableRowElement): void {
    this.#rows.delete(key);
    // Whoever is there by keyboard goes on from the table.
    if (row.contains(document.activeElement)) this.body.closest<HTMLElement>("[tabindex]")?.focus();
    if (!this.#isPointed) return row.remove();
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
    const tell = (field: string, text: string) => write(find(row.element, field), text);
    tell("name", person.name);
    find(row.element, "color")?.style.setProperty("background-color", person.color);
    this.#link(find(row.element, "account") as HTMLAnchorElement, person);
    tell("since", formats.moment(person.since));
    find(row.element, "since")?.setAttribute("datetime", new Date(person.since * 1000).toISOString());
    tell("tabs", formats.count(person.tabs));
    tell("state", (person.state && texts[person.state]) ?? UNKNOWN);
    tell("processes", person.processes.join(", "));
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

  #listen(pointed: Pointed): void {
    const body = this.body;
    const heed = ({ target }: Event) => pointed((target as Element).closest("tr")?.dataset["person"]);
    for (const name of ["pointerover", "focusin"]) body.addEventListener(name, heed);
    body.addEventListener("focusout", () => pointed(undefined));
    body.addEventListener("pointermove", () => (this.#pointedAt = performance.now()));
    body.addEventListener("pointerleave", () => {
      this.#pointedAt = -Infinity;
      pointed(undefined);
      this.#sweep();
    });
  }

  /** A hand that is about to press has moved. */
  get #isPointed(): boolean {
    return performance.now() - this.#pointedAt < AT_REST;
  }

  #sweep(): void {
    for (const row of [...this.body.children]) if (isEmpty(row)) row.remove();
  }
}

function isEmpty(row: Element): boolean {
  return !(row as HTMLElement).dataset["person"];
}

function find(row: Element, field: string): HTMLElement | null {
  return row.querySelector<HTMLElement>(`[data-field=${field}]`);
}

/** As Django's admin writes keys in addresses (django.contrib.admin.utils.quote). */
export function quote(pk: string): string {
  const hex = (letter: string) => `_${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  return encodeURIComponent(pk.replace(/[:/_#?;@&=+$,"[\]<>%\n\\]/g, hex));
}
