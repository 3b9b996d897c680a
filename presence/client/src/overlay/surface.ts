/** Measures and scrolls the shared surface: an element's whole scrollable box, or the viewport. */
import { pointIn } from "../client/bounds.js";
import type { Anchor, Position } from "../protocol/messages.js";
import { worldView, type Coordinates } from "./coordinates.js";
import { boxView, contains, intersect, paddingBox, scrollView, type Rect, type Scroller, type View } from "./geometry.js";

/** A measurement holds for one frame, so that nothing is read twice in it. */
const FRAME = 16;

/** Where a point is on the screen, and what shows it. */
export interface Spot {
  readonly view: View;
  readonly point: Position;
}

/** What `anchors.js` knows of the elements of the page. */
export interface Anchors {
  /** The anchor of a point of the screen; undefined if it is on none. */
  at(point: Position): Anchor | undefined;
  /** The fraction of the surface where the anchor of a position is now; undefined if it has none on this page. */
  goal(position: Position): Position | undefined;
  /** Where a cursor is that glides to a position and is at `point` of the screen, if the anchor has moved from `goal`. */
  follow(position: Position, goal: Position, point: Position): Spot | undefined;
  /** Scroll the anchor of a position into view. Returns whether it has one on this page. */
  scrollTo(position: Position, smooth: boolean): boolean;
}

export class Surface {
  /** Undefined if the page has none, or they are not loaded yet. */
  anchors: Anchors | undefined;
  /** The site's own, which the view tells of then. */
  coordinates: Coordinates | undefined;
  #element: Element | undefined;
  #selector: string | undefined;
  #measured: View | undefined;
  #measuredAt = -Infinity;
  #resizes: ResizeObserver | undefined;
  #listening: AbortController | undefined;

  /** `failed` is called if no element matches, in which case nothing can be shown. */
  constructor(private readonly failed: (error: Error) => void) {}

  /** Choose the surface by a CSS selector; undefined = the viewport. */
  select(selector: string | undefined): void {
    this.#selector = selector;
    this.#adopt(undefined);
    this.invalidate();
  }

  /** Call `changed` whenever the surface may have moved on the screen, until `unwatch`. */
  watch(changed: () => void): void {
    const moved = () => {
      this.invalidate();
      changed();
    };
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    // Scroll events do not bubble, but the document captures them all.
    document.addEventListener("scroll", moved, { signal, capture: true, passive: true });
    window.addEventListener("resize", moved, { signal });
    this.#resizes = new ResizeObserver(moved);
    this.#resizes.observe(document.documentElement);
    if (this.#element) this.#resizes.observe(this.#element);
  }

  unwatch(): void {
    this.#listening?.abort();
    this.#resizes?.disconnect();
    this.#resizes = undefined;
  }

  /** Where it is now, measured at most once per frame; undefined if no element matches. */
  view(now: number): View | undefined {
    if (now - this.#measuredAt >= FRAME) {
      this.#measuredAt = now;
      this.#measured = this.#measure();
      if (this.coordinates && this.#measured) {
        this.#measured = worldView(this.#measured, this.#size(this.#measured), this.coordinates, this.failed);
      }
    }
    return this.#measured;
  }

  /** Scroll a position into view. A viewport that is the surface does not scroll. */
  reveal(fraction: Position, smooth: boolean): void {
    if (this.anchors?.scrollTo(fraction, smooth)) return;
    this.invalidate();
    const view = this.view(performance.now());
    const point = view?.toScreen(fraction);
    if (!view || !point || contains(view.clip, point)) return;
    const { coordinates } = this;
    if (coordinates) coordinates.reveal?.(pointIn(coordinates.bounds, fraction));
    else if (this.#element) scrollTo(this.#element, point, smooth ? "smooth" : "instant");
  }

  /** Measure again next time. */
  invalidate(): void {
    this.#measuredAt = -Infinity;
  }

  #measure(): View | undefined {
    if (this.#selector === undefined) return viewportView();
    if (!this.#element?.isConnected) this.#adopt(this.#find(this.#selector));
    if (!this.#element) return undefined;
    return isPage(this.#element) ? pageView() : elementView(this.#element);
  }

  /** The size of the whole box in CSS pixels before transforms. */
  #size({ clip }: View): [width: number, height: number] {
    return this.#element ? [this.#element.scrollWidth, this.#element.scrollHeight] : [clip.right, clip.bottom];
  }

  #find(selector: string): Element | undefined {
    try {
      const element = document.querySelector(selector);
      if (element) return element;
      throw new Error(`no element matches the surface ${selector}`);
    } catch (error) {
      this.failed(error as Error);
      return undefined;
    }
  }

  #adopt(element: Element | undefined): void {
    if (this.#element) this.#resizes?.unobserve(this.#element);
    this.#element = element;
    if (element) this.#resizes?.observe(element);
  }
}

export function isPage(element: Element): boolean {
  return element === document.documentElement || element === document.body;
}

/** The element that scrolls the page, which is the body in quirks mode (CSSOM View, scrollingElement). */
function scrollingElement(): Element {
  return document.scrollingElement ?? document.documentElement;
}

/** The viewport without its scroll bars. */
function viewport(): Rect {
  const { clientWidth, clientHeight } = scrollingElement();
  return { left: 0, top: 0, right: clientWidth, bottom: clientHeight };
}

function viewportView(): View {
  const clip = viewport();
  return boxView(0, 0, clip.right, clip.bottom, clip);
}

function pageView(): View {
  const { scrollWidth, scrollHeight } = scrollingElement();
  return boxView(-window.scrollX, -window.scrollY, scrollWidth, scrollHeight, viewport());
}

/** How an element's whole scrollable box lies. Its own scroll box, the boxes around it and the viewport clip it. */
export function elementView(element: Element): View | undefined {
  const scroller = scrollerOf(element);
  let clip = clips(element) ? intersect(viewport(), paddingBox(scroller)) : viewport();
  for (let above = element.parentElement; above && !isPage(above); above = above.parentElement) {
    if (clips(above)) clip = intersect(clip, paddingBox(scrollerOf(above)));
  }
  return scrollView(scroller, clip);
}

function scrollerOf(element: Element): Scroller {
  const { clientWidth, clientHeight, scrollWidth, scrollHeight, scrollLeft, scrollTop } = element;
  const { left, top, width } = element.getBoundingClientRect();
  const scale = scaleOf(element, width);
  return {
    left: left + element.clientLeft * scale,
    top: top + element.clientTop * scale,
    scale,
    clientWidth,
    clientHeight,
    scrollWidth,
    scrollHeight,
    scrollLeft,
    scrollTop,
    rightToLeft: getComputedStyle(element).direction === "rtl",
  };
}

/** How CSS transforms scale an element that is `width` pixels wide on the screen. */
function scaleOf(element: Element, width: number): number {
  const own = element instanceof HTMLElement ? element.offsetWidth : 0;
  // offsetWidth is rounded: a difference below a pixel is no scaling.
  return own > 0 && Math.abs(own - width) >= 1 ? width / own : 1;
}

function clips(element: Element): boolean {
  return getComputedStyle(element).overflow !== "visible";
}

/** Scroll a point to the middle of the element's scroller, and that scroller into view. */
export function scrollTo(element: Element, { x, y }: Position, behavior: ScrollBehavior): void {
  const scroller = scrollerAround(element);
  const { left, top, right, bottom } = scroller?.getBoundingClientRect() ?? viewport();
  const by = { left: x - (left + right) / 2, top: y - (top + bottom) / 2, behavior };
  (scroller ?? window).scrollBy(by);
  scroller?.scrollIntoView({ block: "nearest", inline: "nearest", behavior });
}

/** The element or the nearest one around it that scrolls; undefined = the page. */
function scrollerAround(element: Element | null): Element | undefined {
  if (!element || isPage(element)) return undefined;
  const { scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
  const overflows = scrollWidth > clientWidth || scrollHeight > clientHeight;
  const scrolls = overflows && /auto|scroll/.test(getComputedStyle(element).overflow);
  return scrolls ? element : scrollerAround(element.parentElement);
}
