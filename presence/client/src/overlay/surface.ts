/** Measures and follows the shared surface: an element's whole scrollable box, or the viewport. */
import type { Anchor, Position } from "../protocol/messages.js";
import type { Coordinates, worldOn } from "./coordinates.js";
import { SQUARE, boxView, corners, intersect, planeOf, rectOf, viewOf, type Plane, type Rect, type View } from "./geometry.js";
import { loadPart, type PartsHost } from "./parts.js";

/** Events after which things may lie elsewhere. What scripts change in the document is observed. */
const SIGNS = "scroll load input toggle transitionstart animationstart".split(" ");
/** The type of the events that ask where a point of the screen lies in an element. No page listens to it. */
const PROBE = "presence-probe";

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
  /** Whether an anchor in use has moved since the last call. */
  moving(): boolean;
  /** Scroll the anchor of a position into view. Returns whether it has one on this page. */
  scrollTo(position: Position, smooth: boolean): boolean;
}

export class Surface {
  /** Undefined if the page has none, or they are not loaded yet. */
  anchors: Anchors | undefined;
  /** The site's own, which the view tells of then. */
  coordinates: Coordinates | undefined;
  /** What makes a view of them, once it is loaded. Until then there is no view. */
  worldOn: typeof worldOn | undefined;
  /** For the scripts that are loaded later. */
  readonly pixelsOf = pixelsOf;
  #element: Element | undefined;
  /** What it was selected by; undefined = the viewport. */
  #selected: string | Element | undefined;
  /** Finds and places what the document itself does not have, and what is SVG, once it is loaded. */
  #nested: typeof import("./nested.js") | undefined;
  #view: View | undefined;
  /** The same in the document of its frame, if it is in one. */
  innerView: View | undefined;
  /** Whether anything may have changed since the last measurement. */
  #stale = true;
  /** Where the element was then. */
  #place = "";
  /** Where it was, and what the page showed of it, when it came to rest. */
  #restedAt = "";
  /** Whether it was measured since `moving` was last called. */
  #measured = false;
  #changed: (() => void) | undefined;
  #entered: ((page: Document) => void) | undefined;
  #listening = new AbortController();
  /** To be called when it may lie elsewhere, or the site tells in another way where it lies. */
  readonly moved = (): void => {
    this.#stale = true;
    this.#changed?.();
  };
  #resizes: ResizeObserver | undefined;
  readonly #mutations = new MutationObserver(this.moved);
  #endShifts: (() => void) | undefined;

  /** `host` is told if no element matches, in which case nothing can be shown. */
  constructor(readonly host: PartsHost) {}

  /** The element that it is, if there is one. */
  get element(): Element | undefined {
    return this.#element;
  }

  /** Choose the surface: an element, or by a selector (docs/overlay.md, Attributes); undefined = the viewport. */
  select(surface: string | Element | undefined): void {
    this.#selected = surface;
    this.#adopt(undefined);
  }

  /**
   * Call `changed` whenever the surface may have moved on the screen, until `unwatch`, and `entered` with each document that
   * it is in, which may be that of a frame.
   */
  watch(changed: () => void, entered: (page: Document) => void): void {
    this.#changed = changed;
    this.#entered = entered;
    this.#listening = new AbortController();
    this.#resizes = new ResizeObserver(this.moved);
    window.addEventListener("resize", this.moved, this.#listening);
    this.#follow(document.documentElement);
    if (this.#element) this.#follow(this.#element);
  }

  /** Notice what may move an element, and what is around it. */
  #follow(element: Element): void {
    const root = element.getRootNode() as ShadowRoot;
    const options = { signal: this.#listening.signal, capture: true };
    // Most of these events do not bubble, but the document captures them all, except for those in shadow roots.
    for (const sign of SIGNS) root.addEventListener(sign, this.moved, options);
    this.#mutations.observe(root, { attributes: true, characterData: true, childList: true, subtree: true });
    this.#resizes?.observe(element);
    this.#entered?.(element.ownerDocument);
    const outer = root.host ?? frameOf(element);
    if (outer) this.#follow(outer);
  }

  unwatch(): void {
    this.#changed = undefined;
    this.#listening.abort();
    this.#mutations.disconnect();
    this.#resizes?.disconnect();
    this.#endShifts?.();
    this.#restedAt = "";
  }

  /** How it lies now; undefined if no element matches, or it is not shown. */
  view(): View | undefined {
    if (this.#stale || this.#place !== placeOf(this.#element)) {
      this.#stale = false;
      this.#measured = true;
      this.#view = this.#measure();
      this.#place = placeOf(this.#element);
    }
    return this.#view && this.coordinates ? this.worldOn?.(this.#view, this) : this.#view;
  }

  /** Whether it, or an anchor on it, may have moved since the last call: then look again with the next frame. */
  moving(): boolean {
    this.view();
    this.#stale ||= !!this.anchors?.moving();
    const measured = this.#measured || this.#stale;
    this.#measured = false;
    return measured;
  }

  /** It is at rest. Notice when it shifts by what nothing else tells. */
  settle(): void {
    const at = this.#place + JSON.stringify(this.#view?.clip);
    if (!this.#element || at === this.#restedAt) return;
    void loadPart(this.host, "shifts", ({ watch }) => {
      if (!this.#changed) return;
      this.#restedAt = at;
      this.#endShifts?.();
      this.#endShifts = watch(this);
    });
  }

  /** Where an event of the page, or of a frame that the surface is in, was on the screen. */
  pointOf({ clientX: x, clientY: y, view }: MouseEvent): Position {
    return (view && this.#nested?.fromFrame({ x, y }, view)) ?? { x, y };
  }

  #measure(): View | undefined {
    const selected = this.#selected;
    if (selected === undefined) return boxView(viewport(document), viewport(document));
    // The page that a frame has left has no window.
    if (!this.#element?.isConnected || !this.#element.ownerDocument.defaultView) this.#adopt(this.#find(selected));
    const element = this.#element;
    if (!element) return undefined;
    const { ownerDocument } = element;
    this.innerView = isPage(element) ? boxView(page(ownerDocument), viewport(ownerDocument)) : (this.#nested?.anyView ?? elementView)(element);
    return this.#nested ? this.#nested.onPage(this.innerView, element) : this.innerView;
  }

  #find(selected: string | Element): Element | undefined {
    try {
      if (this.#nested) return this.#nested.find(selected);
      const element = typeof selected === "string" ? document.querySelector(selected) : selected;
      if (element?.ownerDocument === document && !(element instanceof SVGElement)) return element;
    } catch (error) {
      // Only that script knows whether it is a selector.
      if (this.#nested) this.host.report(error as Error);
    }
    void loadPart(this.host, "nested", (nested) => {
      this.#nested = nested;
      this.moved();
    });
    return undefined;
  }

  #adopt(element: Element | undefined): void {
    if (this.#element) this.#resizes?.unobserve(this.#element);
    this.#element = element;
    this.#stale = !element;
    this.#restedAt = "";
    if (element && this.#changed) this.#follow(element);
  }
}

/** Where an element is on the screen, to compare: this takes a tenth of the time of a view. */
function placeOf(element: Element | undefined): string {
  return element ? JSON.stringify(element.getBoundingClientRect()) + placeOf(frameOf(element)) : "";
}

/** The element that shows the document of this one; undefined for the page itself. */
export function frameOf({ ownerDocument }: Element): Element | undefined {
  return (ownerDocument !== document && ownerDocument.defaultView?.frameElement) || undefined;
}

export function isPage(element: Element): boolean {
  const { documentElement, body } = element.ownerDocument;
  return element === documentElement || element === body;
}

/** The element that scrolls a document, which is the body in quirks mode (CSSOM View, scrollingElement). */
export function scrollingElement({ scrollingElement, documentElement }: Document): Element {
  return scrollingElement ?? documentElement;
}

/** The viewport without its scroll bars. */
function viewport(of: Document): Rect {
  const { clientWidth, clientHeight } = scrollingElement(of);
  return rectOf(0, 0, clientWidth, clientHeight);
}

function page(of: Document): Rect {
  const { scrollWidth, scrollHeight } = scrollingElement(of);
  const { scrollX, scrollY } = of.defaultView!;
  return rectOf(-scrollX, -scrollY, scrollWidth, scrollHeight);
}

/** Whether an element, or what is in it, is not shown. */
export function isHidden(element: Element): boolean {
  const isSkipped = getComputedStyle(element).contentVisibility === "hidden";
  return isSkipped || element.checkVisibility?.({ visibilityProperty: true }) === false;
}

/**
 * How an element's whole scrollable box lies in its document, or the rectangle around what has no box, such as a part of a
 * line; what `userPlane` tells comes first. Its own scroll box, the boxes around it and the viewport clip it. Undefined if
 * it is not shown.
 */
export function elementView(element: Element, userPlane?: (element: Element) => Plane | undefined): View | undefined {
  if (isHidden(element)) return undefined;
  const windows: Plane[] = [];
  let clip = viewport(element.ownerDocument);
  for (const box of scrollersFrom(element)) {
    const window = pixelPlane(box, rectOf(0, 0, box.clientWidth, box.clientHeight));
    if (!window) return undefined;
    windows.push(window);
    clip = intersect(clip, box.getBoundingClientRect());
  }
  const around = element.getBoundingClientRect();
  const hasBox = element.clientWidth + element.clientHeight > 0;
  const boxPlane = () => hasBox ? pixelPlane(element, scrollBox(element), around) : planeAround(around, around, (point) => point);
  const plane = userPlane?.(element) ?? boxPlane();
  return plane && viewOf(plane, clip, windows);
}

/** An element, if it clips what is in it, and what clips it, without the page. */
export function* scrollersFrom(element: Element): Iterable<Element> {
  for (let box: Element | null = element; box && !isPage(box); box = boxAround(box)) {
    const { clientWidth, clientHeight, ownerSVGElement } = box as SVGElement;
    if (getComputedStyle(box).overflow !== "visible" && !ownerSVGElement && clientWidth + clientHeight > 0) yield box;
  }
}

/** The element that scrolls or clips this one. */
export function boxAround(element: Element): Element | null {
  // What is taken out of the flow is not clipped by everything around it.
  if (/fixed|absolute/.test(getComputedStyle(element).position)) return (element as HTMLElement).offsetParent;
  return element.assignedSlot ?? element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;
}

/** The pixels of an element from the corner of its padding box, whatever transforms there are around it. */
export function pixelsOf(element: Element): Plane | undefined {
  return pixelPlane(element, SQUARE, viewport(element.ownerDocument));
}

/** The fractions of a box in those pixels, measured at the middle of `around`. Undefined if that has no area. */
function pixelPlane(element: Element, box: Rect, around: Rect = element.getBoundingClientRect()): Plane | undefined {
  const zoom = element.currentCSSZoom ?? 1;
  // A scroll bar on the left is not part of the padding box.
  const bar = Math.trunc(element.clientLeft - parseFloat(getComputedStyle(element).borderLeftWidth));
  return planeAround(around, box, ({ x, y }) => {
    // Browsers tell where a point lies in an element only for events there. Firefox takes those of its own window only.
    const event = new (element.ownerDocument.defaultView as typeof globalThis & Window).PointerEvent(PROBE, { clientX: x, clientY: y });
    let own = { x: NaN, y: NaN };
    const look = () => (own = { x: event.offsetX / zoom - bar, y: event.offsetY / zoom });
    element.addEventListener(PROBE, look, { once: true });
    element.dispatchEvent(event);
    return own;
  });
}

/** `locate` tells where points of the screen lie. */
export function planeAround(around: Rect, box: Rect, locate: (point: Position) => Position): Plane | undefined {
  const { left, top, right, bottom } = around;
  const [width, height] = [right - left, bottom - top];
  // Points near the middle of an element are before the horizon in any perspective.
  const sample = rectOf(left + width / 4, top + height / 4, width / 2, height / 2);
  const [p, q, r, s] = corners(sample);
  return width && height ? planeOf(sample, [locate(p), locate(q), locate(r), locate(s)], box) : undefined;
}

/** Everything that an element scrolls over, in its pixels as they are scrolled now. */
function scrollBox(element: Element): Rect {
  const { clientWidth, clientHeight, scrollWidth, scrollHeight, scrollLeft, scrollTop } = element;
  const { direction, display, flexDirection, writingMode } = getComputedStyle(element);
  // Scrolling counts down from 0 at the right end, or at the bottom, if that is where the content begins.
  const flow = `${direction} ${writingMode} ${display} ${flexDirection}`;
  const left = /rtl h|-rl/.test(flow) ? clientWidth - scrollWidth : 0;
  const top = /flex column-r/.test(flow) ? clientHeight - scrollHeight : 0;
  return rectOf(left - scrollLeft, top - scrollTop, scrollWidth, scrollHeight);
}
