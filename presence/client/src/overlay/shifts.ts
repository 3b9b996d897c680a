/**
 * Notices that a surface at rest shifts by what neither an event nor the document tells: a rule that a script changes, an
 * animation, a shadow tree around it. Entry point of `shifts.js`, which pages load once a cursor rests on an element.
 */
import { frameOf, scrollersFrom, scrollingElement, type Surface } from "./surface.js";

/** An observer notices each 1/1000 of an element that leaves its frame. */
const STEPS = Array.from({ length: 1001 }, (_, step) => step / 1000);

/**
 * Call `surface.moved` when its element shifts, or a frame that its document is in, and once soon. Returns what ends that.
 *
 * The frame of an observer is just the box of the element. What a scroller clips is in no frame around that scroller: so the
 * element is observed in the innermost scroller, this one in the next, and the outermost in its document.
 */
export function watch(surface: Surface): () => void {
  const observers: IntersectionObserver[] = [];
  for (let { element } = surface; element; element = frameOf(element)) {
    let inner = element;
    for (const scroller of scrollersFrom(element)) {
      if (scroller === element) continue;
      observers.push(frame(surface, inner, scroller));
      inner = scroller;
    }
    observers.push(frame(surface, inner, element.ownerDocument));
  }
  return () => observers.forEach((observer) => observer.disconnect());
}

/** Observe an element in a frame that is its box now. Margins of the root, in the pixels of that, make the frame. */
function frame({ moved, pixelsOf }: Surface, element: Element, root: Element | Document): IntersectionObserver {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const page = element.ownerDocument;
  const own = root === page ? undefined : pixelsOf(root as Element);
  const { clientWidth, clientHeight } = root === page ? scrollingElement(page) : (root as Element);
  const start = own?.toOwn({ x: left, y: top }) ?? { x: left, y: top };
  const end = own?.toOwn({ x: right, y: bottom }) ?? { x: right, y: bottom };
  // What is turned away to a line, in perspective, has no place in pixels.
  const margins = [-start.y, end.x - clientWidth, end.y - clientHeight, -start.x].map((margin) => `${isFinite(margin) ? margin : 0}px`);
  const observer = new IntersectionObserver(moved, { root, rootMargin: margins.join(" "), threshold: STEPS });
  observer.observe(element);
  return observer;
}
