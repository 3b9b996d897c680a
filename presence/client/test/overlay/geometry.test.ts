import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_INSET, SQUARE, corners, edgeMark, intersect, planeOf, rectOf, viewOf } from "../../src/overlay/geometry.js";
import type { Corners, Rect } from "../../src/overlay/geometry.js";
import { fromWire, toWire } from "../../src/protocol/codec.js";
import type { Position } from "../../src/protocol/messages.js";

const SCREEN = rectOf(0, 0, 1000, 800);
/** A box of 1600 x 2400, in pixels from the corner of a window of 800 x 600, scrolled by (300, 400). */
const CONTENT = rectOf(-300, -400, 1600, 2400);
const WINDOW = rectOf(0, 0, 800, 600);

/** How a browser draws the window's pixels: a matrix of three rows, which a point is multiplied by from the right. */
const transforms: Record<string, number[]> = {
  "moved": [1, 0, 100, 0, 1, 50, 0, 0, 1],
  "scaled unequally": [0.5, 0, 100, 0, 1.25, 50, 0, 0, 1],
  "mirrored": [-1, 0, 900, 0, 1, 50, 0, 0, 1],
  "turned": [0.8, -0.6, 400, 0.6, 0.8, -100, 0, 0, 1],
  "skewed": [1, 0.4, 0, 0.1, 1, 50, 0, 0, 1],
  "in perspective": [0.9, 0.1, 80, -0.05, 0.8, 100, 3e-4, -2e-4, 1],
};

const apply = (m: readonly number[], { x, y }: Position): Position => {
  const row = (n: number) => m[n]! * x + m[n + 1]! * y + m[n + 2]!;
  return { x: row(0) / row(6), y: row(3) / row(6) };
};

const cross = (a: readonly number[], b: readonly number[]) =>
  [0, 1, 2].map((n) => a[(n + 1) % 3]! * b[(n + 2) % 3]! - a[(n + 2) % 3]! * b[(n + 1) % 3]!);

/** The inverse, times a factor that does not matter. */
const inverse = (m: readonly number[]) => {
  const [a, b, c] = [0, 1, 2].map((n) => [m[n]!, m[n + 3]!, m[n + 6]!]) as [number[], number[], number[]];
  return [...cross(b, c), ...cross(c, a), ...cross(a, b)];
};

const near = (one: Position, other: Position, by: number) =>
  assert.ok(Math.hypot(one.x - other.x, one.y - other.y) <= by, JSON.stringify([one, other]));

const within = (box: Rect, { x, y }: Position): Position => ({
  x: box.left + x * (box.right - box.left),
  y: box.top + y * (box.bottom - box.top),
});

/** The plane of a box, from where a browser says that four points of the screen are, `rounded` to parts of a pixel. */
const planeIn = (transform: readonly number[], box: Rect, rounded = Infinity) => {
  const round = (n: number) => (rounded === Infinity ? n : Math.round(n * rounded) / rounded);
  const sample = rectOf(300, 200, 200, 150);
  const own = corners(sample).map((corner) => apply(inverse(transform), corner));
  return planeOf(sample, own.map(({ x, y }) => ({ x: round(x), y: round(y) })) as unknown as Corners, box);
};

const viewIn = (transform: readonly number[]) => viewOf(planeIn(transform, CONTENT), SCREEN, [planeIn(transform, WINDOW)]);

const FRACTIONS = [0, 0.2, 0.37, 0.5, 1].flatMap((x) => [0, 0.17, 0.3, 1].map((y) => ({ x, y })));

for (const [name, transform] of Object.entries(transforms)) {
  test(`the fractions of a box that is ${name}`, () => {
    const view = viewIn(transform);
    for (const fraction of FRACTIONS) {
      const own = within(CONTENT, fraction);
      const point = apply(transform, own);
      near(view.toScreen(fraction), point, 1e-6);
      const shown = own.x >= 0 && own.x <= 800 && own.y >= 0 && own.y <= 600 && inside(SCREEN, point);
      assert.equal(view.shows(point), shown, JSON.stringify(fraction));
      const back = view.toFraction(point);
      assert.equal(back !== undefined, shown);
      if (back) near(back, fraction, 1e-9);
    }
  });

  test(`the fractions of a box that is ${name}, where a browser rounds`, () => {
    const plane = planeIn(transform, CONTENT, 60);
    // Inside of what is shown, it is as exact as the browser.
    for (const fraction of FRACTIONS.map(({ x, y }) => ({ x: 0.2 + x / 2, y: 0.2 + y / 4 }))) {
      near(plane.toScreen(fraction), apply(transform, within(CONTENT, fraction)), 0.25);
    }
  });
}

function inside({ left, top, right, bottom }: Rect, { x, y }: Position): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

test("rounding makes no perspective of a box that scrolls far", () => {
  const long = rectOf(0, -30_000, 800, 60_000);
  const plane = planeIn(transforms["turned"]!, long, 60);
  for (const fraction of FRACTIONS) near(plane.toScreen(fraction), apply(transforms["turned"]!, within(long, fraction)), 12);
});

test("a point is not on what a window around the box hides", () => {
  const [plane, hole] = [planeOf(SCREEN, corners(SCREEN), SCREEN), planeIn(transforms["turned"]!, rectOf(200, 100, 100, 100))];
  const view = viewOf(plane, SCREEN, [hole]);
  assert.ok(view.toFraction(hole.toScreen({ x: 0.5, y: 0.5 })));
  // It is in the rectangle around the window.
  assert.equal(view.toFraction({ x: 445, y: 105 }), undefined);
  assert.equal(view.shows(hole.toScreen({ x: 0.5, y: 1.01 })), false);
});

test("the corners of the box are on it", () => {
  for (const transform of Object.values(transforms)) {
    const plane = planeIn(transform, WINDOW);
    const view = viewOf(plane, rectOf(-1e4, -1e4, 2e4, 2e4), [plane]);
    for (const corner of corners(SQUARE)) assert.ok(view.shows(view.toScreen(corner)) && view.toFraction(view.toScreen(corner)));
  }
});

test("a box without an area has no fractions", () => {
  const flat = viewOf(planeOf(rectOf(10, 10, 0, 0), corners(SQUARE), SQUARE), SCREEN);
  assert.equal(flat.toFraction({ x: 10, y: 10 }), undefined);
});

test("a fraction that went over the wire is the same pixel", () => {
  const view = viewIn(transforms["moved"]!);
  for (let x = 100; x <= 900; x += 7) {
    const point = { x, y: 60 + (x % 500) };
    const fraction = view.toFraction(point);
    assert.ok(fraction);
    near(view.toScreen({ x: fromWire(toWire(fraction.x)), y: fromWire(toWire(fraction.y)) }), point, 0.14);
  }
});

test("the intersection of two boxes", () => {
  const one = { left: 0, top: 0, right: 10, bottom: 10 };
  const other = { left: 5, top: -5, right: 20, bottom: 5 };
  assert.deepEqual(intersect(one, other), { left: 5, top: 0, right: 10, bottom: 5 });
});

const CLIP = { left: 100, top: 50, right: 900, bottom: 650 };

test("an edge mark lies on the edge in every direction, and points to the point", () => {
  for (let degrees = 0; degrees < 360; degrees += 5) {
    const angle = (degrees * Math.PI) / 180;
    const mark = edgeMark(CLIP, { x: 500 + 5000 * Math.cos(angle), y: 350 + 5000 * Math.sin(angle) });
    assert.ok(mark);
    const fromCenter = { x: Math.abs(mark.x - 500) / (400 - EDGE_INSET), y: Math.abs(mark.y - 350) / (300 - EDGE_INSET) };
    assert.ok(Math.abs(Math.max(fromCenter.x, fromCenter.y) - 1) < 1e-9, JSON.stringify(mark));
    const apart = Math.abs(mark.angle - degrees) % 360;
    assert.ok(Math.min(apart, 360 - apart) <= 1);
  }
});

test("an edge mark for a point just outside nearly keeps its other coordinate", () => {
  const mark = edgeMark(CLIP, { x: 905, y: 300 });
  assert.ok(mark && Math.abs(mark.y - 300) < 5 && mark.x === 900 - EDGE_INSET);
});

test("an edge mark needs room", () => {
  assert.equal(edgeMark({ ...CLIP, right: 100 + 2 * EDGE_INSET }, { x: 5000, y: 350 }), undefined);
  assert.equal(edgeMark({ ...CLIP, bottom: 0 }, { x: 5000, y: 350 }), undefined);
});
