/** Whether what a page shows is up to date: said where it is not. */
import type { Status } from "./feed.js";
import { write } from "./text.js";

/** What is said of a status, in the page's language; nothing of one that has no words. */
export type Texts = Readonly<Partial<Record<Status, string>>>;

const STALE: ReadonlySet<Status> = new Set(["stale", "ended"]);

/**
 * Says in `place` how the page is kept up to date, in the line that it has for that or in one that it
 * gets. What is old has `presence-stale` around it.
 */
export class StatusLine {
  readonly #line: Element;

  constructor(
    private readonly place: Element,
    private readonly texts: Texts,
  ) {
    this.#line = place.querySelector(".presence-status") ?? added(place);
  }

  /** `otherwise` is said where a status has no words. Returns what is said. */
  show(status: Status, otherwise = ""): string {
    const text = this.texts[status] ?? otherwise;
    this.place.classList.toggle("presence-stale", STALE.has(status));
    write(this.#line, text);
    return text;
  }
}

function added(place: Element): Element {
  const line = document.createElement("p");
  line.className = "help presence-status";
  line.setAttribute("role", "status");
  place.append(line);
  return line;
}
