// The table of a board's people: its rows are copies of the template that the page brings along.
import { UNKNOWN, write } from "./text.js";

export interface Person {
  readonly key: string;
  readonly name: string;
  readonly account: string;
  readonly url: string;
  readonly since: string;
  readonly tabs: string;
  readonly state: string;
  readonly processes: string;
}

export interface Told {
  readonly people: readonly Person[];
  readonly closed: boolean;
}

const FIELDS = ["name", "account", "since", "tabs", "state", "processes"] as const;

function fill(row: HTMLElement, person: Person): HTMLElement {
  row.dataset["person"] = person.key;
  for (const field of FIELDS) write(row.querySelector(`[data-field=${field}]`), person[field]);
  const link = row.querySelector<HTMLAnchorElement>("a[data-field=account]");
  if (person.url) link?.setAttribute("href", person.url);
  else link?.removeAttribute("href");
  const input = row.querySelector<HTMLInputElement>("input[name=person]");
  if (input) input.value = person.key;
  return row;
}

/** Shows who is there. Rows of those who stay are kept, so that a button does not go away under a pointer. */
export function showPeople(page: HTMLElement, told: Told): void {
  const body = page.querySelector("tbody");
  const model = page.querySelector("template")?.content.firstElementChild;
  if (!body || !model) return;
  const before = new Map([...body.querySelectorAll<HTMLElement>("tr")].map((row) => [row.dataset["person"], row]));
  const rows = told.people.map((person) => fill(before.get(person.key) ?? (model.cloneNode(true) as HTMLElement), person));
  const same = rows.length === body.children.length && rows.every((row, n) => row === body.children[n]);
  if (!same) body.replaceChildren(...rows);
  write(page.querySelector("[data-field=count]"), String(told.people.length));
  for (const button of page.querySelectorAll<HTMLElement>("[data-when]")) {
    button.hidden = (button.dataset["when"] === "closed") !== told.closed;
  }
}

/** Shows that nothing is known. */
export function showNobody(page: HTMLElement): void {
  page.querySelector("tbody")?.replaceChildren();
  write(page.querySelector("[data-field=count]"), UNKNOWN);
}
