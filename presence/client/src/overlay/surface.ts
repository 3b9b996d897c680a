/** The shared surface on this page: an element's whole scrollable box, or the viewport. */
import { contains, intersect, paddingBox, pointOf, scrollBox, type Box, type Rect, type Scroller } from "./geometry.js";
import type { Position } from "../protocol/protocol.js";

/** A measure holds for one frame: within it nothing is read twice. */
const FRAME = 16;

export class Surface {
  #element: Element | undefined;
  #selector: string | undefined;
  #measured: Box | undefined;
  #measuredAt = -Infinity;
  #resizes: ResizeObserver | undefined;
  #listening: AbortController | undefined;

  /** `failed` is told where there is no such element: nothing can be shown then. */
  constructor(private readonly failed: (error: Error) => void) {}

  /** Name the surface: a CSS selector; undefined = the viewport. */
  select(selector: string | undefined): void {
    this.#selector = selector;
    this.#adopt(undefined);
    this.forget();
  }

  /** Call `changed` whenever the surface may have moved on the screen, until `unwatch`. */
  watch(changed: () => void): void {
    const moved = () => {
      this.forget();
      changed();
    };
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    // Scroll events do not bubble, but on the way down they all pass the document.
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

  /** Where it is now, measured at most once a frame; undefined where there is no such element. */
  box(now: number): Box | undefined {
    if (now - this.#measuredAt >= FRAME) {
      this.#measuredAt = now;
      this.#measured = this.#measure();
    }
    return this.#measured;
  }

  /** Scroll so that a fraction is seen, where it is not; the viewport has nothing to scroll. */
  reveal(fraction: Position, smooth: boolean): void {
    this.forget();
    const box = this.box(performance.now());
    const point = box && pointOf(box, fraction);
    if (point && this.#element && !contains(box.clip, point)) scrollTo(this.#element, point, smooth ? "smooth" : "instant");
  }

  /** Measure anew next time. */
  forget(): void {
    this.#measuredAt = -Infinity;
  }

  #measure(): Box | undefined {
    if (this.#selector === undefined) return boxOfViewport();
    if (!this.#element?.isConnected) this.#adopt(this.#find(this.#selector));
    if (!this.#element) return undefined;
    return isPage(this.#element) ? boxOfPage() : boxOfElement(this.#element);
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

function isPage(element: Element): boolean {
  return element === document.documentElement || element === document.body;
}

/** What scrolls the page: in quirks mode the body (CSSOM View, scrollingElement). */
function page(): Element {
  return document.scrollingElement ?? document.documentElement;
}

/** Without its scroll bars. */
function viewport(): Rect {
  const { clientWidth, clientHeight } = page();
  return { left: 0, top: 0, right: clientWidth, bottom: clientHeight };
}

function boxOfViewport(): Box {
  const clip = viewport();
  return { left: 0, top: 0, width: clip.right, height: clip.bottom, clip };
}

function boxOfPage(): Box {
  const { scrollWidth, scrollHeight } = page();
  const clip = viewport();
  return { left: -window.scrollX, top: -window.scrollY, width: scrollWidth, height: scrollHeight, clip };
}

function boxOfElement(element: Element): Box {
  const scroller = scrollerOf(element);
  return scrollBox(scroller, clipOf(element, scroller));
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

/** What CSS transforms make of the element's own pixels. */
function scaleOf(element: Element, width: number): number {
  const own = element instanceof HTMLElement ? element.offsetWidth : 0;
  // offsetWidth is rounded: a difference below a pixel is no scaling.
  return own > 0 && Math.abs(own - width) >= 1 ? width / own : 1;
}

/** What its own scroll box, those around it and the viewport leave to be seen of an element. */
function clipOf(element: Element, scroller: Scroller): Rect {
  let clip = clips(element) ? intersect(viewport(), paddingBox(scroller)) : viewport();
  for (let above = element.parentElement; above && !isPage(above); above = above.parentElement) {
    if (clips(above)) clip = intersect(clip, paddingBox(scrollerOf(above)));
  }
  return clip;
}

/** Bring a point to the middle of whatever scrolls around it, and that into view. */
function scrollTo(element: Element, { x, y }: Position, behavior: ScrollBehavior): void {
  const scroller = scrollsAround(element);
  const { left, top, right, bottom } = scroller?.getBoundingClientRect() ?? viewport();
  const by = { left: x - (left + right) / 2, top: y - (top + bottom) / 2, behavior };
  (scroller ?? window).scrollBy(by);
  scroller?.scrollIntoView({ block: "nearest", inline: "nearest", behavior });
}

/** An element or the nearest around it that scrolls; undefined = the page. */
function scrollsAround(element: Element | null): Element | undefined {
  if (!element || isPage(element)) return undefined;
  const { scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
  const more = scrollWidth > clientWidth || scrollHeight > clientHeight;
  return more && /auto|scroll/.test(getComputedStyle(element).overflow) ? element : scrollsAround(element.parentElement);
}

function clips(element: Element): boolean {
  return getComputedStyle(element).overflow !== "visible";
}
