import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_INSET, contains, edgeMark, intersect } from "../../src/overlay/geometry.js";
import { paddingBox, scrollView, type Scroller } from "../../src/overlay/geometry.js";
import { fromWire, toWire } from "../../src/protocol/codec.js";

/** A box of 800 x 600 at (100, 50) that scrolls over 1600 x 2400. */
const SIZES = { left: 100, top: 50, clientWidth: 800, clientHeight: 600, scrollWidth: 1600, scrollHeight: 2400 };

const viewOf = (changes: Partial<Scroller> = {}) => {
  const scroller = { ...SIZES, scale: 1, scrollLeft: 0, scrollTop: 0, rightToLeft: false, ...changes };
  return scrollView(scroller, paddingBox(scroller));
};

const fractions: [string, Partial<Scroller>, { x: number; y: number }, { x: number; y: number } | undefined][] = [
  ["of its corner", {}, { x: 100, y: 50 }, { x: 0, y: 0 }],
  ["of the whole box", {}, { x: 500, y: 350 }, { x: 0.25, y: 0.125 }],
  ["scrolled to its end", { scrollLeft: 800, scrollTop: 1800 }, { x: 900, y: 650 }, { x: 1, y: 1 }],
  ["from right to left at the right", { rightToLeft: true }, { x: 900, y: 50 }, { x: 1, y: 0 }],
  ["from right to left at the left", { rightToLeft: true, scrollLeft: -800 }, { x: 100, y: 50 }, { x: 0, y: 0 }],
  ["scaled by a transform", { scale: 0.5, scrollTop: 600 }, { x: 300, y: 50 }, { x: 0.25, y: 0.25 }],
  ["outside of a scaled box", { scale: 0.5, scrollTop: 600 }, { x: 501, y: 60 }, undefined],
  ["left of it", {}, { x: 99, y: 60 }, undefined],
  ["right of it", {}, { x: 901, y: 60 }, undefined],
  ["above it", {}, { x: 110, y: 49 }, undefined],
  ["below it", {}, { x: 110, y: 651 }, undefined],
  ["of an empty box", { clientWidth: 0, clientHeight: 0, scrollWidth: 0, scrollHeight: 0 }, { x: 100, y: 50 }, undefined],
];
for (const [name, changes, point, fraction] of fractions) {
  test(`fraction ${name}`, () => assert.deepEqual(viewOf(changes).toFraction(point), fraction));
}

test("a point that is scrolled away becomes visible by scrolling", () => {
  const fraction = { x: 0.75, y: 0.5 };
  const view = viewOf();
  assert.deepEqual(view.toScreen(fraction), { x: 1300, y: 1250 });
  assert.equal(contains(view.clip, view.toScreen(fraction)), false);
  const scrolled = viewOf({ scrollLeft: 800, scrollTop: 1000 });
  assert.deepEqual(scrolled.toScreen(fraction), { x: 500, y: 250 });
  assert.equal(contains(scrolled.clip, scrolled.toScreen(fraction)), true);
});

test("a fraction that went over the wire is the same pixel", () => {
  for (const scrollTop of [0, 333, 1800]) {
    const view = viewOf({ scrollTop });
    for (let x = 100; x <= 900; x += 7) {
      const point = { x, y: 60 + (x % 500) };
      const fraction = view.toFraction(point);
      assert.ok(fraction);
      const back = view.toScreen({ x: fromWire(toWire(fraction.x)), y: fromWire(toWire(fraction.y)) });
      assert.ok(Math.hypot(back.x - point.x, back.y - point.y) < 0.14);
    }
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
