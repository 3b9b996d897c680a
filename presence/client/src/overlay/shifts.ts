/**
 * Notices that a surface at rest shifts by what neither an event nor the document tells: a rule that a script changes, an
 * animation, a shadow tree around it. Entry point of `shifts.js`, which pages load once a cursor rests on an element.
 */
import type { Position } from "../protocol/messages.js";
import { corners, rectAround, rectOf } from "./geometry.js";
import { frameOf, scrollersFrom, scrollingElement, type Surface } from "./surface.js";

/** An observer notices each 1/1000 of an element that leaves its frame. */
const STEPS = Array.from({ length: 1001 }, (_, step) => step / 1000);

/** What is observed twice: in a frame that is its box, which a shift leaves, and in half of that, of which a smaller box has more. */
const INSETS = [0, 1 / 4];

/**
 * Call `surface.moved` when its element shifts, or a frame that its document is in, and once soon. Returns what ends that.
 *
 * What a scroller clips is in no frame around that scroller: so the element is observed in the innermost scroller, this one in
 * the next, and the outermost in its document.
 */
export function watch(surface: Surface): () => void {
  const observers: IntersectionObserver[] = [];
  for (let { element } = surface; element?.ownerDocument.defaultView; element = frameOf(element)) {
    let inner = element;
    for (const scroller of scrollersFrom(element)) {
      if (scroller === element) continue;
      observers.push(...observe(surface, inner, scroller));
      inner = scroller;
    }
    observers.push(...observe(surface, inner, element.ownerDocument));
  }
  return () => observers.forEach((observer) => observer.disconnect());
}

function observe({ moved, pixelsOf }: Surface, element: Element, root: Element | Document): IntersectionObserver[] {
  const isPage = root.nodeType === Node.DOCUMENT_NODE;
  const toRoot = (isPage ? undefined : pixelsOf(root as Element)?.toOwn) ?? ((point) => point);
  const { left, top, right, bottom } = rectAround(bordersOf(element, pixelsOf).map(toRoot));
  const { clientWidth, clientHeight } = isPage ? scrollingElement(root as Document) : (root as Element);
  return INSETS.map((inset) => {
    const [dx, dy] = [inset * (right - left), inset * (bottom - top)];
    const margins = [-top - dy, right - dx - clientWidth, bottom - dy - clientHeight, -left - dx];
    // What is turned away to a line, in perspective, has no place in pixels.
    const rootMargin = margins.map((margin) => `${isFinite(margin) ? margin : 0}px`).join(" ");
    const observer = new IntersectionObserver(moved, { root, rootMargin, threshold: STEPS });
    observer.observe(element);
    return observer;
  });
}

/** The corners of an element's border box on the screen, or those of the box around what has none, such as SVG. */
function bordersOf(element: Element, pixelsOf: Surface["pixelsOf"]): readonly Position[] {
  const { clientLeft, clientTop, offsetWidth, offsetHeight } = element as HTMLElement;
  const own = offsetWidth ? pixelsOf(element) : undefined;
  if (!own) return corners(element.getBoundingClientRect());
  return corners(rectOf(-clientLeft, -clientTop, offsetWidth, offsetHeight)).map(own.toScreen);
}
