/** Where elements of SVG images lie, whose coordinates are their own. */
import type { Position } from "../protocol/messages.js";
import { rectOf, type Plane, type View } from "./geometry.js";
import { elementView, planeAround } from "./surface.js";

/** How an element lies in its document: an SVG element's view box, or what `elementView` tells of any other. */
export function anyView(element: Element): View | undefined {
  return elementView(element, userPlane);
}

/** The view box of an SVG element, or else its bounding box; undefined for what has a box of pixels. */
function userPlane(any: Element): Plane | undefined {
  const element = any as SVGSVGElement;
  const { viewBox, ownerSVGElement } = element;
  const box = viewBox?.baseVal?.width ? viewBox.baseVal : ownerSVGElement && element.getBBox();
  const inverse = box && element.getScreenCTM()?.inverse();
  if (!inverse) return undefined;
  const locate = ({ x, y }: Position) => new DOMPoint(x, y).matrixTransform(inverse);
  return planeAround(element.getBoundingClientRect(), rectOf(box.x, box.y, box.width, box.height), locate);
}
