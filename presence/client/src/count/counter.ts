/**
 * The counts that a page shows: asked for all at once, and again and again while somebody looks at it.
 * Time, chance and the network are arguments.
 */
import type { Environment } from "../lib/environment.js";
import { backOff } from "../protocol/returning.js";

/** Boards of one request: the most that the view takes. */
export const MOST = 100;
/** Milliseconds between two looks, where nothing else is said. */
export const EVERY = 5000;
/** The least between two, whoever asks for it. */
export const LEAST = 1000;

export type Counts = Readonly<Record<string, number>>;

/** `retry` is in milliseconds: how long the server wants to be left alone. */
export interface Heard {
  readonly counts?: Counts;
  readonly retry?: number;
}

export interface World extends Pick<Environment, "now" | "random" | "setTimer" | "clearTimer" | "visible"> {
  /** GET. Without `counts` it is no answer; rejects where there is none at all. */
  ask(url: string): Promise<Heard | null>;
}

/** Something that shows the count of a board. `every` is in milliseconds. */
export interface Place {
  readonly board: string;
  readonly every: number;
  /** Whether it shows a count already. */
  readonly known: boolean;
  /** Counts that were told, its own not among them where that is not for this visitor; or none came. */
  hear(counts?: Counts): void;
}

/** Milliseconds that a Retry-After wants, where it says so in seconds (RFC 9110, section 10.2.3). */
export function retryOf(header: string | null): number {
  return within(0, Number(header) * 1000 || 0);
}

/** `every` of an element, which is in seconds, as milliseconds. */
export function everyOf(attribute: string | null): number {
  return within(LEAST, Number(attribute) * 1000 || EVERY);
}

/** Timers of more than some weeks run at once. */
function within(least: number, milliseconds: number): number {
  return Math.min(Math.max(least, milliseconds), 86_400_000);
}

export class Counter {
  readonly #places = new Set<Place>();
  /** Boards of which somebody else told since we asked: that is newer than the answer to come. */
  readonly #told = new Set<string>();
  #timer: unknown;
  #asking = false;
  #failures = 0;
  /** When to ask next, and when at the earliest. */
  #due = Infinity;
  #notBefore = -Infinity;

  readonly #endpoint: string;
  readonly #world: World;

  constructor(endpoint: string, world: World) {
    this.#endpoint = endpoint;
    this.#world = world;
  }

  add(place: Place): void {
    this.#places.add(place);
    this.#plan(place.known ? this.#pause() : 0);
  }

  remove(place: Place): void {
    this.#places.delete(place);
  }

  /** The page is looked at again, or has a network again. */
  shown(): void {
    this.#plan(0);
  }

  /** Somebody on this page knows better: the overlay of the same board. */
  tell(board: string, count: number): void {
    this.#told.add(board);
    this.#show([board], { [board]: count });
  }

  /** Ask in so many milliseconds, unless that is to happen sooner. */
  #plan(milliseconds: number): void {
    const now = this.#world.now();
    this.#due = Math.min(this.#due, now + milliseconds);
    if (this.#asking) return;
    this.#world.clearTimer(this.#timer);
    this.#timer = this.#world.setTimer(() => void this.#turn(), Math.max(this.#due, this.#notBefore) - now);
  }

  async #turn(): Promise<void> {
    this.#due = Infinity;
    // `shown` plans the next one.
    if (!this.#world.visible() || !this.#places.size) return;
    this.#asking = true;
    this.#told.clear();
    const boards = [...new Set([...this.#places].map(({ board }) => board))];
    const asked = [];
    while (boards.length) asked.push(this.#ask(boards.splice(0, MOST)));
    this.#rest(Math.max(...(await Promise.all(asked))));
  }

  /** Ask for some, and show the answer; resolves with how long to leave the server alone, -1 where it answered. */
  async #ask(boards: readonly string[]): Promise<number> {
    const url = `${this.#endpoint}?${boards.map((board) => `board=${board}`).join("&")}`;
    const heard = await this.#world.ask(url).catch(() => undefined);
    this.#show(boards.filter((board) => !this.#told.has(board)), heard?.counts);
    return heard?.counts ? -1 : heard?.retry || 0;
  }

  #rest(retry: number): void {
    this.#asking = false;
    this.#failures = retry < 0 ? 0 : this.#failures + 1;
    this.#notBefore = this.#world.now() + Math.max(LEAST, retry);
    if (this.#places.size) this.#plan(this.#pause());
  }

  /** Milliseconds; no page asks in step with all others. */
  #pause(): number {
    const every = Math.min(...[...this.#places].map((place) => place.every));
    const jittered = every * (0.8 + 0.4 * this.#world.random());
    return jittered + (this.#failures && backOff(this.#failures, this.#world.random()));
  }

  #show(boards: readonly string[], counts?: Counts): void {
    for (const place of this.#places) if (boards.includes(place.board)) place.hear(counts);
  }
}
