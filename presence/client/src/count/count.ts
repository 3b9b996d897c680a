/**
 * `<presence-count board="<uuid>" [endpoint] [every]>3</presence-count>`: how many people are on a board,
 * kept up to date. Every attribute is in docs/embedding.md. A page may load this script twice.
 */
import { Counter, everyOf, retryOf, type Heard, type Place, type World } from "./counter.js";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
/** Milliseconds after which a question is given up. */
const PATIENCE = 10_000;

const world: World = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  visible: () => document.visibilityState === "visible",
  ask,
};

/** A page that sends people elsewhere, to sign in for example, is no answer. */
async function ask(url: string): Promise<Heard | null> {
  const signal = AbortSignal.timeout(PATIENCE);
  const answer = await fetch(url, { signal, cache: "no-store", mode: "same-origin", redirect: "error" });
  if (answer.ok) return (await answer.json()) as Heard | null;
  return { retry: retryOf(answer.headers.get("Retry-After")) };
}

const counters = new Map<string, Counter>();

function counterOf(endpoint: string): Counter {
  const counter = counters.get(endpoint) ?? new Counter(endpoint, world);
  counters.set(endpoint, counter);
  return counter;
}

const boardOf = (element: Element) => element.getAttribute("board")?.toLowerCase() ?? "";

export class PresenceCountElement extends HTMLElement {
  static readonly observedAttributes = ["board", "endpoint", "every"];

  /** Takes this element out of what is asked for; undefined where it is in nothing. */
  #leave: (() => void) | undefined;

  connectedCallback(): void {
    const counter = counterOf(this.getAttribute("endpoint") || "/presence/counts/");
    const place = this.#place();
    if (UUID.test(place.board)) counter.add(place);
    this.#leave = () => counter.remove(place);
  }

  disconnectedCallback(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.#leave) return;
    this.disconnectedCallback();
    if (name === "board") this.#show();
    this.connectedCallback();
  }

  #place(): Place {
    const board = boardOf(this);
    return {
      board,
      every: everyOf(this.getAttribute("every")),
      known: this.hasAttribute("count"),
      hear: (counts) => {
        this.toggleAttribute("stale", !counts);
        if (counts) this.#show(counts[board]);
      },
    };
  }

  #show(count?: number): void {
    const text = `${count ?? ""}`;
    if (this.textContent !== text) this.textContent = text;
    if (text) this.setAttribute("count", text);
    else this.removeAttribute("count");
  }
}

function askAgain(): void {
  if (world.visible()) for (const counter of counters.values()) counter.shown();
}

/** An overlay tells at once of its own board. */
function hear({ target, detail }: CustomEvent<{ count: number }>): void {
  const overlay = target as Element;
  if (overlay.localName !== "presence-overlay") return;
  for (const counter of counters.values()) counter.tell(boardOf(overlay), detail.count);
}

if (!customElements.get("presence-count")) {
  customElements.define("presence-count", PresenceCountElement);
  document.addEventListener("visibilitychange", askAgain);
  addEventListener("online", askAgain);
  document.addEventListener("presence-count", (event) => hear(event as CustomEvent));
}
