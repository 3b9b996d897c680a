/** Whether what a page shows is up to date: said where it is not. */
import type { Status } from "./feed.js";

/** What is said of a status, in the page's language; nothing of one that has no words. */
export type Texts = Readonly<Partial<Record<Status, string>>>;

const STALE: ReadonlySet<Status> = new Set(["stale", "ended"]);

/** Says in `place` how the page is kept up to date. What is old has `presence-stale` around it. */
export class StatusLine {
  readonly #line = document.createElement("p");

  constructor(
    private readonly place: Element,
    private readonly texts: Texts,
  ) {
    this.#line.className = "help presence-status";
    this.#line.setAttribute("role", "status");
    place.append(this.#line);
  }

  show(status: Status): void {
    this.place.classList.toggle("presence-stale", STALE.has(status));
    this.#line.textContent = this.texts[status] ?? "";
  }
}
