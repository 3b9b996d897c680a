/** Scrolls a position on the surface into view. */
import { pointIn } from "../client/bounds.js";
import type { Position } from "../protocol/messages.js";
import { boxAround, frameOf, isPage, scrollingElement, type Surface } from "./surface.js";

/** Scroll a position into view. A viewport that is the surface does not scroll. */
export function reveal(surface: Surface, fraction: Position, smooth: boolean): void {
  if (surface.anchors?.scrollTo(fraction, smooth)) return;
  const view = surface.view();
  const point = view?.toScreen(fraction);
  if (!view || !point || view.shows(point)) return;
  const { coordinates, element, innerView } = surface;
  if (coordinates) coordinates.reveal?.(pointIn(coordinates.bounds, fraction));
  else if (element) scrollTo(surface, element, innerView!.toScreen(fraction), smooth);
}

/** Scroll a point of the element's document to the middle of the element's scroller, and that scroller into view. */
export function scrollTo({ pixelsOf }: Surface, element: Element, point: Position, smooth: boolean): void {
  const behavior = smooth ? "smooth" : "instant";
  const scroller = scrollerAround(element);
  const { x, y } = (scroller && pixelsOf(scroller))?.toOwn(point) ?? point;
  const { clientWidth, clientHeight } = scroller ?? scrollingElement(element.ownerDocument);
  (scroller ?? element.ownerDocument.defaultView!).scrollBy({ left: x - clientWidth / 2, top: y - clientHeight / 2, behavior });
  (scroller ?? frameOf(element))?.scrollIntoView({ block: "nearest", inline: "nearest", behavior });
}

/** The element or the nearest one around it that scrolls; undefined = the page. */
function scrollerAround(element: Element | null): Element | undefined {
  if (!element || isPage(element)) return undefined;
  const { scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
  const overflows = scrollWidth > clientWidth || scrollHeight > clientHeight;
  const scrolls = overflows && /auto|scroll/.test(getComputedStyle(element).overflow);
  return scrolls ? element : scrollerAround(boxAround(element));
}
