import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { contains, fractionAt, intersect, paddingBox, pointOf, scrollBox, type Scroller } from "../../src/overlay/geometry.js";
import { fromWire, toWire } from "../../src/protocol/protocol.js";

/** A box of 800 x 600 at (100, 50) that scrolls over 1600 x 2400. */
const SCROLLER: Scroller = {
  left: 100,
  top: 50,
  scale: 1,
  clientWidth: 800,
  clientHeight: 600,
  scrollWidth: 1600,
  scrollHeight: 2400,
  scrollLeft: 0,
  scrollTop: 0,
  rightToLeft: false,
};

const boxOf = (changes: Partial<Scroller> = {}) => {
  const scroller = { ...SCROLLER, ...changes };
  return scrollBox(scroller, paddingBox(scroller));
};

describe("a scrolled surface", () => {
  test("its fractions are of the whole box", () => {
    assert.deepEqual(fractionAt(boxOf(), { x: 100, y: 50 }), { x: 0, y: 0 });
    assert.deepEqual(fractionAt(boxOf(), { x: 500, y: 350 }), { x: 0.25, y: 0.125 });
    const scrolled = boxOf({ scrollLeft: 800, scrollTop: 1800 });
    assert.deepEqual(fractionAt(scrolled, { x: 900, y: 650 }), { x: 1, y: 1 });
  });

  test("outside of it there is no fraction", () => {
    for (const point of [{ x: 99, y: 60 }, { x: 901, y: 60 }, { x: 110, y: 49 }, { x: 110, y: 651 }]) {
      assert.equal(fractionAt(boxOf(), point), undefined);
    }
  });

  test("what is scrolled away comes into view by scrolling", () => {
    const fraction = { x: 0.75, y: 0.5 };
    const box = boxOf();
    assert.deepEqual(pointOf(box, fraction), { x: 1300, y: 1250 });
    assert.equal(contains(box.clip, pointOf(box, fraction)), false);
    const scrolled = boxOf({ scrollLeft: 800, scrollTop: 1000 });
    assert.deepEqual(pointOf(scrolled, fraction), { x: 500, y: 250 });
    assert.equal(contains(scrolled.clip, pointOf(scrolled, fraction)), true);
  });

  test("right to left, scrollLeft counts from the right end", () => {
    const atRight = boxOf({ rightToLeft: true, scrollLeft: 0 });
    assert.deepEqual(fractionAt(atRight, { x: 900, y: 50 }), { x: 1, y: 0 });
    const atLeft = boxOf({ rightToLeft: true, scrollLeft: -800 });
    assert.deepEqual(fractionAt(atLeft, { x: 100, y: 50 }), { x: 0, y: 0 });
  });

  test("scaled by a transform", () => {
    const box = boxOf({ scale: 0.5, scrollTop: 600 });
    assert.deepEqual(fractionAt(box, { x: 300, y: 50 }), { x: 0.25, y: 0.25 });
    assert.equal(fractionAt(box, { x: 501, y: 60 }), undefined);
  });

  test("there and back over the wire is the same pixel", () => {
    for (const scrollTop of [0, 333, 1800]) {
      const box = boxOf({ scrollTop });
      for (let x = 100; x <= 900; x += 7) {
        const fraction = fractionAt(box, { x, y: 60 + (x % 500) });
        assert.ok(fraction);
        const sent = { x: fromWire(toWire(fraction.x)), y: fromWire(toWire(fraction.y)) };
        const back = pointOf(box, sent);
        assert.ok(Math.abs(back.x - x) < 0.1 && Math.abs(back.y - 60 - (x % 500)) < 0.1);
      }
    }
  });

  test("an empty box has no fractions", () => {
    const box = boxOf({ clientWidth: 0, clientHeight: 0, scrollWidth: 0, scrollHeight: 0 });
    assert.equal(fractionAt(box, { x: 100, y: 50 }), undefined);
  });
});

test("what two boxes leave of each other", () => {
  const one = { left: 0, top: 0, right: 10, bottom: 10 };
  const other = { left: 5, top: -5, right: 20, bottom: 5 };
  assert.deepEqual(intersect(one, other), { left: 5, top: 0, right: 10, bottom: 5 });
});
