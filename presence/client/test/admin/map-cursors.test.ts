import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cursor } from "../../src/admin/board.js";
import { GLIDE_TIME, labelPosition, MapCursors, MOST_CURSORS, tipOf } from "../../src/admin/map-cursors.js";

const END = 65_535;
const one = (x: number, key = "ada") => new Map<string, Cursor>([["s1", [key, x, 0]]]);

/** Ada's cursor was at the left and heads for the right since 1000. */
function gliding(reducedMotion = false) {
  const cursors = new MapCursors();
  cursors.show(one(0), 0);
  cursors.show(one(END), 1000, reducedMotion);
  return { cursors, x: (now: number) => cursors.at(now)[0]?.x };
}

test("cursors jump to their first position, and glide to the next", () => {
  const { cursors, x } = gliding();
  assert.deepEqual([900, 1000, 1000 + GLIDE_TIME / 2, 1000 + GLIDE_TIME].map(x), [0, 0, 0.5, 1]);
  assert.deepEqual([999, 1000, 1000 + GLIDE_TIME].map((now) => cursors.moving(now)), [true, true, false]);
});

test("cursors turn without a jump", () => {
  const { cursors, x } = gliding();
  cursors.show(one(0), 1100);
  assert.equal(x(1100), 100 / GLIDE_TIME);
  assert.ok((x(1101) as number) < 100 / GLIDE_TIME);
});

test("cursors continue their glide if the position is the same", () => {
  const { cursors, x } = gliding();
  cursors.show(one(END), 1200);
  assert.equal(x(1000 + GLIDE_TIME), 1);
});

test("cursors jump for people who want reduced motion", () => {
  const { cursors, x } = gliding(true);
  assert.deepEqual([x(1000), cursors.moving(1000)], [1, false]);
});

test("cursors of another person do not glide there, and disappear with their session", () => {
  const { cursors } = gliding();
  cursors.show(one(END, "bob"), 1000);
  assert.deepEqual(cursors.at(1000), [{ key: "bob", x: 1, y: 0 }]);
  cursors.show(new Map(), 1001);
  assert.deepEqual(cursors.at(1001), []);
});

test("cursors are limited in number", () => {
  const cursors = new MapCursors();
  cursors.show(new Map(Array.from({ length: MOST_CURSORS + 1 }, (_, n): [string, Cursor] => [`s${n}`, ["ada", n, n]])), 0);
  assert.equal(cursors.count, MOST_CURSORS);
});

const map = { width: 110, height: 60 };
const label = { width: 30, height: 12 };

test("the map has room for the whole cursor everywhere", () => {
  const tips = [0, 0.5, 1].map((part) => tipOf(map, { x: part, y: part }, 10));
  assert.deepEqual(tips, [{ x: 0, y: 0 }, { x: 50, y: 25 }, { x: 100, y: 50 }]);
});

test("the map shows names beside cursors and inside of its edge", () => {
  assert.deepEqual(labelPosition(map, { x: 10, y: 10 }, label, 10), { x: 16, y: 20 });
  assert.deepEqual(labelPosition(map, { x: 100, y: 10 }, label, 10), { x: 80, y: 20 }, "at the right");
  assert.deepEqual(labelPosition(map, { x: 10, y: 50 }, label, 10), { x: 16, y: 38 }, "at the bottom");
  assert.deepEqual(labelPosition(map, { x: 10, y: 5 }, { width: 200, height: 60 }, 10), { x: 0, y: 0 }, "a long one");
});
