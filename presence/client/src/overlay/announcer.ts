/** Tells those who listen to the page how many people are here, once that has come to rest. */
import { make } from "../lib/dom.js";
import { dueAt } from "./settling.js";

export class Announcer {
  readonly element = make("p", "announcer");
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The first change that is not told yet. */
  #since: number | undefined;

  constructor() {
    this.element.role = "status";
    this.element.ariaLive = "polite";
  }

  push(text: string): void {
    const now = performance.now();
    this.#since ??= now;
    this.destroy();
    this.#timer = setTimeout(() => this.#tell(text), dueAt(now, this.#since) - now);
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  /** The same text again is no news. */
  #tell(text: string): void {
    this.#since = undefined;
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
