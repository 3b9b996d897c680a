/** The picture of a board's people over the page: their cursors and how many they are. */
import type { CursorMove } from "./client.js";
import type { Status } from "./connection.js";
import { CursorView } from "./cursor.js";
import { ACTIVE, type State } from "./protocol.js";
import type { Member } from "./roster.js";
import { styleSheet } from "./style.js";
import type { Surface } from "./surface.js";

function box(className: string, part?: string): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  if (part) element.part.add(part);
  return element;
}

/** "1 person here", "2 people here". */
export function countText(count: number): string {
  return count === 1 ? "1 person here" : `${count} people here`;
}

export class Overlay {
  readonly #layer = box("layer");
  readonly #cursors = box("cursors");
  readonly #badge = box("badge");
  readonly #count = box("count", "count");
  readonly #you = box("you", "you");
  readonly #views = new Map<number, CursorView>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #frame = 0;

  /** `safely` runs every animation frame: nothing it throws may reach the page. */
  constructor(
    root: ShadowRoot,
    private readonly surface: Surface,
    private readonly safely: (run: () => void) => void,
  ) {
    root.adoptedStyleSheets = [styleSheet()];
    this.#cursors.setAttribute("aria-hidden", "true");
    this.#count.setAttribute("role", "status");
    this.#count.setAttribute("aria-live", "polite");
    this.#you.dir = "auto";
    this.#badge.hidden = this.#you.hidden = true;
    this.#badge.append(this.#count, this.#you);
    this.#layer.append(this.#cursors, this.#badge);
    root.append(this.#layer);
  }

  /** Everyone, anew. Whoever is there already keeps their cursor where it is. */
  replace(members: readonly Member[]): void {
    const here = new Set(members.map(({ user }) => user));
    for (const user of this.#views.keys()) {
      if (!here.has(user)) this.remove(user);
    }
    for (const member of members) this.add(member);
  }

  add(member: Member): void {
    const view = this.#views.get(member.user) ?? this.#create(member);
    view.introduce(member);
    view.activate(member.position !== undefined);
    this.refresh();
  }

  remove(user: number): void {
    this.#views.get(user)?.element.remove();
    this.#views.delete(user);
  }

  /** `pace` is the milliseconds between two moves, 0 where unknown. */
  move({ user, x, y }: CursorMove, pace: number): void {
    const view = this.#views.get(user);
    view?.move({ x, y }, performance.now(), pace, this.#calm.matches);
    view?.activate(true);
    this.refresh();
  }

  restate(user: number, state: State): void {
    this.#views.get(user)?.activate(state === ACTIVE);
    this.refresh();
  }

  tell(count: number): void {
    this.#count.textContent = countText(count);
    this.#count.dataset["count"] = String(count);
    this.#badge.hidden = false;
  }

  /** Say whom the others see here; an empty name says nothing. */
  introduce(name: string): void {
    this.#you.textContent = `You: ${name}`;
    this.#you.hidden = name === "";
  }

  /** What a closed connection knew is not shown any longer; a waiting one's fades (see the style). */
  show(status: Status): void {
    this.#layer.dataset["status"] = status;
    if (status !== "closed") return;
    this.replace([]);
    this.#badge.hidden = true;
    delete this.#count.dataset["count"];
  }

  /** Draw in the next frame: someone or the surface has moved. */
  refresh(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.safely(() => this.#draw()));
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#layer.remove();
  }

  #create(member: Member): CursorView {
    const view = new CursorView(member);
    this.#views.set(member.user, view);
    this.#cursors.append(view.element);
    return view;
  }

  /** First everything is read, then everything written: the browser lays the page out once. */
  #draw(): void {
    this.#frame = 0;
    if (this.#views.size === 0) return;
    const now = performance.now();
    this.surface.forget();
    const place = this.surface.box(now);
    const { left: x, top: y } = this.#layer.getBoundingClientRect();
    const moving = [...this.#views.values()].map((view) => view.draw(place, { x, y }, now));
    if (moving.includes(true)) this.refresh();
  }
}
