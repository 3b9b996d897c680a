import assert from "node:assert/strict";
import { test } from "node:test";
import { around, shifts, type Lying } from "../../src/overlay/stack.js";

const lying = (left: number, right: number, changes: Partial<Lying> = {}): Lying => ({
  top: false, left, right, height: 40, ...changes,
});

test("bars that would cover each other lie one on top of the other, in the order in which they came", () => {
  assert.deepEqual(shifts([]), []);
  assert.deepEqual(shifts([lying(0, 100), lying(50, 150), lying(60, 70)]), [0, 48, 96]);
});

test("bars stay at their edge that are beside each other, at another edge, or hidden", () => {
  assert.deepEqual(shifts([lying(0, 100), lying(100, 200), lying(0, 100, { top: true }), lying(0, 0)]), [0, 0, 0, 0]);
});

test("a wide bar lies on the highest of those that it meets", () => {
  const tall = lying(0, 100, { height: 300 });
  assert.deepEqual(shifts([tall, lying(200, 300), lying(50, 250), lying(260, 290)]), [0, 0, 308, 48]);
});

test("cursors are drawn around the bars of the others", () => {
  const bar = { left: 100, top: 540, right: 300, bottom: 580 };
  const whole = "M-9999 -9999H99999V99999H-9999Z";
  assert.equal(around([bar, bar], { left: 10, top: 40 }), `path(evenodd,"${whole}${"M90 500V540H290V500Z".repeat(2)}")`);
});
