/** A surface that the site pans and zooms itself: a canvas, WebGL, a map. The site tells where its world is. Pure. */
import { fractionIn, pointIn, UNIT, type Bounds } from "../client/bounds.js";
import type { Position } from "../protocol/messages.js";
import type { View } from "./geometry.js";

/** The site's functions. A point of the screen is in CSS pixels from the surface's top left corner. */
export interface Coordinates {
  /** The part of the world in which positions are told. Whoever points elsewhere is off the board. */
  readonly bounds: Bounds;
  toScreen(point: Position): Position;
  toWorld(point: Position): Position;
  /** Show a point of the world that is not visible: somebody went to a person. */
  reveal?(point: Position): void;
}

interface Site {
  readonly coordinates: Coordinates | undefined;
  readonly element: Element | undefined;
  readonly host: { report(error: Error): void };
}

/** How the site's world lies on a surface that has coordinates, and whose own fractions lie as `view` tells. */
export function worldOn(view: View, { coordinates, element, host }: Site): View {
  // Of the whole box, before transforms.
  const size = element ? [element.scrollWidth, element.scrollHeight] as const : [view.clip.right, view.clip.bottom] as const;
  return worldView(view, size, coordinates as Coordinates, (error) => host.report(error));
}

/** Those with a function that failed. It probably will for each position. */
const failing = new WeakSet<Coordinates>();

/**
 * How the site's world lies on a surface of `width` × `height` CSS pixels, whose own fractions lie as `surface` tells. No
 * error of the site's functions leaves this: `failed` is told of the first, and the point is NaN or undefined.
 */
export function worldView(
  surface: View,
  [width, height]: readonly [number, number],
  site: Coordinates,
  failed: (error: Error) => void,
): View {
  const pixels = { ...UNIT, width, height };
  const call = (name: "toScreen" | "toWorld", from: Bounds, to: Bounds, fraction: Position): Position => {
    try {
      const { x, y } = fractionIn(to, site[name](pointIn(from, fraction)));
      if (Number.isFinite(x + y)) return { x, y };
      throw new TypeError("no point");
    } catch (error) {
      if (!failing.has(site)) failed(new Error(`coordinates.${name}: ${(error as Error).message}`));
      failing.add(site);
      return { x: NaN, y: NaN };
    }
  };
  return {
    ...surface,
    toScreen: (fraction) => surface.toScreen(call("toScreen", site.bounds, pixels, fraction)),
    toFraction(point) {
      const place = surface.toFraction(point);
      const fraction = place && call("toWorld", pixels, site.bounds, place);
      return fraction && isFraction(fraction.x) && isFraction(fraction.y) ? fraction : undefined;
    },
  };
}

function isFraction(number: number): boolean {
  return number >= 0 && number <= 1;
}
