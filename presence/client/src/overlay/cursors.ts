/** The cursors of everyone else. */
import type { PresenceClient } from "../client/client.js";
import { CursorView, type Canvas } from "./cursor.js";
import { make } from "../lib/dom.js";
import { ACTIVE, type Position } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";

export class Cursors {
  readonly element = make("div", "cursors");
  readonly #views = new Map<number, CursorView>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** Until a session has its first count it is told who was here before it (PROTOCOL.md, Order after JOIN). */
  #news = false;

  /** `appeared` is told when there is a cursor where there was none. */
  constructor(client: PresenceClient, appeared: () => void) {
    // The people and what they do are told by the bar.
    this.element.ariaHidden = "true";
    client.on("self", () => (this.#news = false));
    client.on("count", () => (this.#news = true));
    client.on("roster", (members) => this.replace(members));
    client.on("joined", (member) => this.#add(member));
    client.on("left", ({ user }) => this.#remove(user));
    client.on("state", ({ user, state }) => this.#views.get(user)?.activate(state === ACTIVE));
    client.on("cursor", (move) => {
      const view = this.#views.get(move.user);
      if (!view?.target) appeared();
      view?.move(move, performance.now(), client.pace, this.calm, this.#news);
    });
  }

  /** Whether the visitor wants no motion. */
  get calm(): boolean {
    return this.#calm.matches;
  }

  /** Everyone, anew. Whoever is there already keeps their cursor where it is. */
  replace(members: readonly Member[]): void {
    const here = new Set(members.map(({ user }) => user));
    for (const user of this.#views.keys()) {
      if (!here.has(user)) this.#remove(user);
    }
    for (const member of members) this.#add(member);
  }

  /** Draw attention to someone's cursor, and return the fraction of the surface where it is. */
  find(user: number): Position | undefined {
    const view = this.#views.get(user);
    if (!this.calm) view?.ripple();
    return view?.target;
  }

  /** Returns whether any has yet to arrive. */
  draw(canvas: Canvas | undefined, now: number): boolean {
    return [...this.#views.values()].filter((view) => view.draw(canvas, now)).length > 0;
  }

  #add(member: Member): void {
    const view = this.#views.get(member.user) ?? new CursorView();
    this.#views.set(member.user, view);
    view.introduce(member);
    if (!view.element.parentNode) this.element.append(view.element);
  }

  #remove(user: number): void {
    this.#views.get(user)?.element.remove();
    this.#views.delete(user);
  }
}
