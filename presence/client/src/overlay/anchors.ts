/**
 * Finds the elements of the page by which others point at the same thing in another layout, and where they lie here
 * (docs/overlay.md, Anchors). Entry point of `anchors.js`, which only pages with the attribute `anchor` load.
 */
import { anchorAt, anchorPoint } from "../protocol/anchors.js";
import type { Anchor, Position } from "../protocol/messages.js";
import { AnchorIndex } from "./anchor-index.js";
import type { View } from "./geometry.js";
import { scrollTo } from "./reveal.js";
import { isHidden, isPage, type Anchors, type Spot, type Surface } from "./surface.js";
import { anyView } from "./svg.js";

/** What has anchors. */
interface Owner {
  readonly host: { getAttribute(name: string): string | null; report(error: Error): void };
  readonly surface: Surface;
  /** Anchors may have moved, or appeared. */
  refresh(): void;
}

/** What an element shows, and where it was when that was measured. */
interface Measured {
  readonly element: Element;
  readonly view: View;
  readonly place: string;
  /** The surface's view then: it is another one after anything that may have moved things. */
  readonly around: View | undefined;
}

/**
 * Give a surface the anchors that the attribute of its overlay selects, unless it has them, until `signal` aborts. Throws
 * if the attribute is no selector.
 */
export function attach(owner: Owner, signal: AbortSignal): void {
  const { host, surface } = owner;
  const selector = host.getAttribute("anchor");
  const before = surface.anchors as PageAnchors | undefined;
  if (before?.selector === selector) return;
  before?.stop();
  if (!selector || signal.aborted) return;
  const anchors = new PageAnchors(selector, surface, owner);
  surface.anchors = anchors;
  signal.addEventListener("abort", () => anchors.stop(), { signal: anchors.stopped });
  owner.refresh();
}

class PageAnchors implements Anchors {
  readonly #index = new AnchorIndex<Element>({
    all: () => this.#all(document),
    id: (element) => this.#id(element),
    repeats: (id) => this.owner.host.report(new Error(`several elements have the anchor ${id}, so it is none`)),
  });
  readonly #changes = new MutationObserver(() => {
    if (!this.owner.host.getAttribute("anchor")) this.stop();
    this.#index.change();
    // The surface does not see what changes in shadow roots inside it.
    this.#around = undefined;
    this.owner.refresh();
  });
  /** The anchors of cursors, and the frame in which each was last drawn at. */
  readonly #used = new Map<Element, { measured: Measured; frame: number }>();
  #frame = 0;
  /** Where those in use were at the last call of `moving`. */
  #places = "";
  /** The surface's view in this frame. */
  #around: View | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stopping = new AbortController();
  /** What the pointer was on at the last call of `at`. */
  #last: { readonly point: Position; readonly around: View | undefined; readonly on: Measured | undefined; readonly anchor: Anchor | undefined } | undefined;

  constructor(
    readonly selector: string,
    private readonly surface: Surface,
    private readonly owner: Owner,
  ) {
    document.querySelector(selector);
    this.#observe(document);
  }

  /** Aborts when it has stopped. */
  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  stop(): void {
    this.#stopping.abort();
    this.#changes.disconnect();
    clearTimeout(this.#timer);
    if (this.surface.anchors === this) this.surface.anchors = undefined;
  }

  at(point: Position): Anchor | undefined {
    const last = this.#last;
    const around = viewNow(this.surface);
    if (last?.point === point && last.around === around && (!last.on || isCurrent(last.on, this.surface))) return last.anchor;
    const { on, anchor } = this.#innermost(point) ?? {};
    this.#last = { point, around, on, anchor };
    return anchor;
  }

  goal(position: Position): Position | undefined {
    const spot = this.#spot(position);
    const view = viewNow(this.surface);
    return spot && view && fractionAt(view, spot.point);
  }

  follow(position: Position, goal: Position, { x, y }: Position): Spot | undefined {
    this.#measureUsed();
    const spot = this.#spot(position);
    const before = viewNow(this.surface)?.toScreen(goal);
    return spot && before && { view: spot.view, point: { x: x + spot.point.x - before.x, y: y + spot.point.y - before.y } };
  }

  moving(): boolean {
    const places = JSON.stringify([this.#last?.on?.element, ...this.#used.keys()].map((element) => element?.getBoundingClientRect()));
    const moved = places !== this.#places;
    this.#places = places;
    return moved;
  }

  scrollTo(position: Position, smooth: boolean): boolean {
    this.#measureUsed();
    const spot = this.#spot(position);
    if (spot && !spot.view.toFraction(spot.point)) scrollTo(this.surface, spot.element, spot.point, smooth);
    return !!spot;
  }

  /** Measure all anchors of cursors, the first time in a frame: then the overlay has not written to the page yet. */
  #measureUsed(): void {
    const around = viewNow(this.surface);
    if (around === this.#around) return;
    this.#around = around;
    this.#frame += 1;
    for (const [element, { frame }] of [...this.#used]) {
      this.#used.delete(element);
      if (frame >= this.#frame - 2) this.#use(element, frame);
    }
  }

  /** Where the anchor of a position is; undefined if the page has none such, or does not show it. */
  #spot({ anchor }: Position): (Measured & { readonly point: Position }) | undefined {
    if (!anchor) return undefined;
    const now = performance.now();
    const { hash, ...fraction } = anchorPoint(anchor);
    const element = this.#index.find(hash, now);
    const measured = element && this.#use(element);
    if (measured) return { ...measured, point: measured.view.toScreen(fraction) };
    const wait = this.#index.wait(now);
    if (!element && wait !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.owner.refresh(), wait);
    }
    return undefined;
  }

  /** What shows an element, as of this frame. */
  #use(element: Element, frame = this.#frame): Measured | undefined {
    const measured = this.#used.get(element)?.measured ?? this.#measure(this.#shown(element));
    if (measured) this.#used.set(element, { measured, frame });
    return measured;
  }

  /** The innermost anchor inside the surface at a point of the screen. */
  #innermost(point: Position): { readonly on: Measured; readonly anchor: Anchor } | undefined {
    const surface = this.surface.element;
    const path = pathFrom(elementAt(point), surface);
    // An anchor around the surface tells less of the place on it than the surface itself does.
    if (surface && path.at(-1) !== surface) return undefined;
    for (const element of path) {
      const id = element === surface ? undefined : this.#index.id(element, performance.now());
      const on = id === undefined ? undefined : this.#measure(element);
      const fraction = on?.view.toFraction(point);
      if (on && fraction) return { on, anchor: anchorAt(id!, fraction.x, fraction.y) };
    }
    return undefined;
  }

  /** The element, or the innermost one around it inside the surface that is not in a closed part of the page. */
  #shown(element: Element): Element | undefined {
    let shown: Element | undefined;
    const surface = this.surface.element;
    for (const box of pathFrom(element, surface)) {
      if (box === surface || isPage(box)) break;
      const style = getComputedStyle(box);
      if (style.display === "contents") continue;
      if (isClosed(box, style)) shown = undefined;
      else shown ??= box;
    }
    return shown;
  }

  #measure(element: Element | undefined): Measured | undefined {
    const view = element && anyView(element);
    return view && { element, view, place: placeOf(element), around: viewNow(this.surface) };
  }

  #id(element: Element): string | undefined {
    if (!element.isConnected || !element.matches(this.selector)) return undefined;
    return (element as HTMLElement).dataset.presenceAnchor || element.id || undefined;
  }

  #observe(root: Document | ShadowRoot): void {
    this.#changes.observe(root, { attributes: true, childList: true, subtree: true });
  }

  /** Everything that the selector matches, also in open shadow roots. Their changes are observed from then on. */
  *#all(root: Document | ShadowRoot): Iterable<Element> {
    this.#observe(root);
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(this.selector)) yield element;
      if (element.shadowRoot && element.localName !== "presence-overlay") yield* this.#all(element.shadowRoot);
    }
  }
}

/** Whether a measurement still holds. */
function isCurrent({ element, place, around }: Measured, surface: Surface): boolean {
  return around === viewNow(surface) && place === placeOf(element);
}

function viewNow(surface: Surface): View | undefined {
  return surface.view();
}

/** The fraction of a box at a point, visible or not. In perspective it is an estimate. */
function fractionAt(view: View, point: Position): Position {
  const [o, p, q] = [view.toScreen({ x: 0, y: 0 }), view.toScreen({ x: 1, y: 0 }), view.toScreen({ x: 0, y: 1 })];
  const [across, down, to] = [p, q, point].map(({ x, y }) => ({ x: x - o.x, y: y - o.y })) as [Position, Position, Position];
  const area = across.x * down.y - across.y * down.x;
  return { x: (to.x * down.y - to.y * down.x) / area, y: (across.x * to.y - across.y * to.x) / area };
}

/** Where an element is on the screen, to compare. */
function placeOf(element: Element): string {
  return JSON.stringify(element.getBoundingClientRect());
}

/** The element around this one as it is shown, through slots and shadow roots. */
function flatParent(element: Element): Element | null {
  return element.assignedSlot ?? element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;
}

/** Whether an element is not shown, or shows nothing of what is in it. */
function isClosed(element: Element, { overflow }: CSSStyleDeclaration): boolean {
  const { clientWidth, clientHeight } = element;
  const clipsAll = overflow !== "visible" && clientWidth + clientHeight > 0 && clientWidth * clientHeight === 0;
  return clipsAll || isHidden(element);
}

/** The innermost element at a point of the screen, also in open shadow roots. */
function elementAt({ x, y }: Position): Element | null {
  let root: DocumentOrShadowRoot = document;
  for (;;) {
    const element: Element | null = root.elementFromPoint(x, y);
    if (!element?.shadowRoot || element.shadowRoot === root) return element;
    root = element.shadowRoot;
  }
}

/** An element and those around it as they are shown, up to `end` or the whole page. */
function pathFrom(element: Element | null, end: Element | undefined): Element[] {
  const path: Element[] = [];
  for (; element; element = flatParent(element)) {
    path.push(element);
    if (element === end) break;
  }
  return path;
}
