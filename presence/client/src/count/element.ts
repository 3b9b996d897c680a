/**
 * Defines `<presence-count board="<reference>" [endpoint] [every]>3</presence-count>`, the number of people on a board
 * (docs/embedding.md). Entry point of `count.js`. A page may load it twice.
 */
import { define, ElementBase } from "../lib/dom.js";
import { CountPoller, parseEvery, parseRetryAfter } from "./poller.js";
import type { CountsAnswer, CountView, PollerEnvironment } from "./poller.js";

const REQUEST_TIMEOUT = 10_000;

const environment: PollerEnvironment = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimer: (timer) => clearTimeout(timer as number | undefined),
  visible: () => document.visibilityState === "visible",
  get,
};

/** Errors that the console has. */
const warned = new Set<string>();

/** A redirect, to a page to sign in for example, is an error. */
async function get(url: string): Promise<CountsAnswer | null> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT);
  const answer = await fetch(url, { signal, cache: "no-store", mode: "same-origin", redirect: "error" });
  if (!answer.ok) return { retry: parseRetryAfter(answer.headers.get("Retry-After")) };
  const said = (await answer.json()) as CountsAnswer | null;
  for (const error of said?.errors ?? []) {
    if (!warned.has(error)) console.warn(error);
    warned.add(error);
  }
  return said;
}

const pollers = new Map<string, CountPoller>();

function pollerOf(endpoint: string): CountPoller {
  const poller = pollers.get(endpoint) ?? new CountPoller(endpoint, environment);
  pollers.set(endpoint, poller);
  return poller;
}

const boardOf = (element: Element) => element.getAttribute("board") ?? "";

export class PresenceCountElement extends ElementBase {
  static readonly observedAttributes = ["board", "endpoint", "every"];

  /** Removes this element from its poller; undefined while it is in none. */
  #leave: (() => void) | undefined;

  connectedCallback(): void {
    const poller = pollerOf(this.getAttribute("endpoint") || "/presence/counts/");
    const board = boardOf(this);
    const view: CountView = {
      board,
      interval: parseEvery(this.getAttribute("every")),
      known: this.hasAttribute("count"),
      update: (counts) => {
        this.toggleAttribute("stale", !counts);
        if (counts) this.#show(counts[board]);
      },
    };
    if (board) poller.add(view);
    this.#leave = () => poller.remove(view);
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

  #show(count?: number): void {
    const text = `${count ?? ""}`;
    if (this.textContent !== text) this.textContent = text;
    if (text) this.setAttribute("count", text);
    else this.removeAttribute("count");
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "presence-count": PresenceCountElement;
  }
}

function refresh(): void {
  if (environment.visible()) for (const poller of pollers.values()) poller.refresh();
}

/** An overlay on this page reports the count of its own board at once. */
function onCount({ target, detail }: CustomEvent<{ count: number }>): void {
  const overlay = target as Element;
  if (overlay.localName !== "presence-overlay") return;
  for (const poller of pollers.values()) poller.report(boardOf(overlay), detail.count);
}

if (define("presence-count", PresenceCountElement)) {
  document.addEventListener("visibilitychange", refresh);
  addEventListener("online", refresh);
  document.addEventListener("presence-count", (event) => onCount(event as CustomEvent));
}
