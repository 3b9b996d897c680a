/**
 * Finds and places surfaces inside open shadow roots and frames of the page's origin, and those of SVG (docs/overlay.md,
 * Attributes). Entry point of `nested.js`, which only pages load whose document has no other surface.
 */
import type { Position } from "../protocol/messages.js";
import { corners, intersect, rectAround, type Rect, type View } from "./geometry.js";
import { frameOf } from "./surface.js";
import { anyView } from "./svg.js";

export { anyView } from "./svg.js";

/** How the pixels of a frame's page lie in the document that the frame is in. */
interface Window {
  readonly clip: Rect;
  toScreen(inside: Position): Position;
  /** Undefined where the frame does not show. */
  toInside(point: Position): Position | undefined;
}

/** The element that was chosen, or the first that a selector finds. Throws if it finds none, or is none. */
export function find(selected: string | Element): Element {
  if (typeof selected !== "string") return selected;
  let [root, found]: [ParentNode | null, Element | undefined] = [document, undefined];
  for (const step of selected.split(">>>")) {
    found = root ? search(root, step) : undefined;
    root = found ? inside(found) : null;
  }
  if (found) return found;
  throw new Error(`no element matches the surface ${selected}`);
}

/** How something lies on the page that lies in the document of `element` as `view` tells. */
export function onPage(view: View | undefined, element: Element): View | undefined {
  for (let frame = frameOf(element); frame && view; frame = frameOf(frame)) {
    const window = windowOf(frame);
    view = window && viewThrough(window, view);
  }
  return view;
}

/** Where a point of a window lies on the page; undefined if its frame does not show. */
export function fromFrame(point: Position, { document }: Pick<globalThis.Window, "document">): Position | undefined {
  let place: Position | undefined = point;
  for (let frame = frameOf(document.documentElement); frame && place; frame = frameOf(frame)) {
    place = windowOf(frame)?.toScreen(place);
  }
  return place;
}

function search(root: ParentNode, selector: string): Element | undefined {
  const here = root.querySelector(selector);
  if (here) return here;
  for (const element of root.querySelectorAll("*:not(presence-overlay)")) {
    const inner = inside(element);
    const found = inner && search(inner, selector);
    if (found) return found;
  }
  return undefined;
}

/** What an element shows besides its children: its open shadow root, or the page of a frame of this origin. */
function inside(element: Element): ParentNode | null {
  return element.shadowRoot ?? (element as HTMLIFrameElement).contentDocument;
}

function windowOf(frame: Element): Window | undefined {
  const view = anyView(frame);
  if (!view) return undefined;
  const { clientWidth, clientHeight } = frame;
  const { paddingLeft, paddingTop } = getComputedStyle(frame);
  const [left, top] = [parseFloat(paddingLeft), parseFloat(paddingTop)];
  return {
    clip: view.clip,
    toScreen: ({ x, y }) => view.toScreen({ x: (left + x) / clientWidth, y: (top + y) / clientHeight }),
    toInside(point) {
      const fraction = view.toFraction(point);
      return fraction && { x: fraction.x * clientWidth - left, y: fraction.y * clientHeight - top };
    },
  };
}

function viewThrough(window: Window, view: View): View {
  const within = <Result>(point: Position, then: (inner: Position) => Result): Result | undefined => {
    const inner = window.toInside(point);
    return inner && then(inner);
  };
  return {
    clip: intersect(window.clip, rectAround(corners(view.clip).map(window.toScreen))),
    shows: (point) => within(point, view.shows) ?? false,
    toScreen: (fraction) => window.toScreen(view.toScreen(fraction)),
    toFraction: (point) => within(point, view.toFraction),
  };
}
