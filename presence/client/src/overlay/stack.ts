/**
 * Has the bars of several overlays share the window: none covers another, no cursor covers any, and each has the name
 * of its board. A part of the overlay (parts.ts), for pages with several.
 */
import { make } from "../lib/dom.js";
import type { Rect } from "./geometry.js";

/** CSS pixels between two bars, and between a bar and its list. */
const GAP = 8;
const TITLE = { paddingInlineStart: "9px", maxWidth: "14em", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" };

/** A bar with its open list, as it lies at the top or the bottom of the window. */
export interface Lying {
  readonly top: boolean;
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

/** How far to move each bar from its edge: what came first is nearest to it. Pure. */
export function shifts(bars: readonly Lying[]): number[] {
  const found: number[] = [];
  for (const { top, left, right } of bars) {
    const under = found.map((shift, index) => {
      const other = bars[index] as Lying;
      return other.top === top && other.left < right && left < other.right ? shift + other.height + GAP : 0;
    });
    found.push(Math.max(0, ...under));
  }
  return found;
}

/** All but some boxes, as a CSS path in coordinates from a corner. Pure. */
export function around(boxes: readonly Rect[], corner: { readonly left: number; readonly top: number }): string {
  const holes = boxes.map(({ left, top, right, bottom }) => {
    const [x, y] = [left - corner.left, top - corner.top];
    return `M${x} ${y}V${bottom - corner.top}H${right - corner.left}V${y}Z`;
  });
  return `path(evenodd,"M-9999 -9999H99999V99999H-9999Z${holes.join("")}")`;
}

class Parts {
  readonly #list: HTMLElement;
  readonly #cursors: HTMLElement;
  readonly #title = make("b", "title");

  constructor(readonly bar: HTMLElement, layer: Element) {
    this.#list = bar.querySelector(".people") as HTMLElement;
    this.#cursors = layer.querySelector(".cursors") as HTMLElement;
    // The landmark's name is its own, and the title.
    bar.id = "presence-bar";
    this.#title.id = "presence-title";
    bar.setAttribute("aria-labelledby", "presence-bar presence-title");
    Object.assign(this.#title.style, TITLE);
    bar.prepend(this.#title);
  }

  /** To observe again what is observed changes nothing. */
  watch(sizes: ResizeObserver | undefined): void {
    for (const element of [this.bar, this.#list]) sizes?.observe(element);
  }

  /** Say which board it is. Without labels a number tells the landmarks apart. */
  name(number: number): void {
    const label = this.#overlay.getAttribute("label");
    this.#title.textContent = label ?? `${number}`;
    this.#title.hidden = label === null;
  }

  get lying(): Lying {
    const { left, right, height } = this.bar.getBoundingClientRect();
    const list = this.#list.getBoundingClientRect();
    const top = this.#overlay.matches("[bar^=top]");
    if (!this.bar.matches(".open")) return { top, left, right, height };
    return { top, left: Math.min(left, list.left), right: Math.max(right, list.right), height: height + GAP + list.height };
  }

  shift(pixels: number): void {
    this.bar.style.marginBlock = pixels ? `${pixels}px` : "";
  }

  /** Draw no cursor over the bars of the other overlays. */
  spare(bars: readonly Rect[]): void {
    this.#cursors.style.clipPath = bars.length > 0 ? around(bars, this.#cursors.getBoundingClientRect()) : "";
  }

  /** Another element may have taken it over. */
  get #overlay(): Element {
    return (this.bar.getRootNode() as ShadowRoot).host;
  }
}

const known = new WeakMap<Element, Parts>();
let running: ReadonlySet<Element> = new Set();
let sizes: ResizeObserver | undefined;

function partsOf(overlay: Element): Parts | undefined {
  const layer = overlay.shadowRoot?.querySelector(".layer");
  const bar = layer?.querySelector<HTMLElement>(".bar");
  if (!layer || !bar) return undefined;
  const parts = known.get(bar) ?? new Parts(bar, layer);
  known.set(bar, parts);
  parts.watch(sizes);
  return parts;
}

function stack(): void {
  const all = [...running].map(partsOf).filter((parts) => parts !== undefined);
  all.forEach((each, index) => each.name(index + 1));
  const found = shifts(all.map(({ lying }) => lying));
  all.forEach((each, index) => each.shift(found[index] as number));
  const boxes = all.map(({ bar }) => bar.getBoundingClientRect());
  all.forEach((each, index) => each.spare(boxes.filter(({ width }, other) => width > 0 && other !== index)));
}

/** Have the overlays of a set share the window, whoever comes and goes. */
export function share(overlays: ReadonlySet<Element>): void {
  running = overlays;
  if (!sizes) {
    sizes = new ResizeObserver(stack);
    window.addEventListener("resize", stack);
    document.addEventListener("presence-status", stack);
  }
  stack();
}
