import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GLIDE, Glides, labelAt, MOST, pointOn } from "../../src/admin/glides.js";
import type { Cursor } from "../../src/admin/told.js";

const END = 65_535;
const one = (x: number, y = 0, key = "ada") => new Map<string, Cursor>([["s1", [key, x, y]]]);
const x = (glides: Glides, now: number) => glides.at(now)[0]?.x;

describe("cursors of the map", () => {
  test("appear where they are", () => {
    const glides = new Glides();
    glides.show(one(END, 0), 1000);
    assert.deepEqual(glides.at(1000), [{ key: "ada", x: 1, y: 0 }]);
    assert.equal(glides.moving(1000), false);
  });

  test("glide to where they are told to be, and stop exactly there", () => {
    const glides = new Glides();
    glides.show(one(0), 0);
    glides.show(one(END), 1000);
    assert.equal(glides.moving(1000), true);
    assert.equal(x(glides, 1000), 0);
    assert.equal(x(glides, 1000 + GLIDE / 2), 0.5);
    assert.equal(x(glides, 1000 + GLIDE), 1);
    assert.equal(glides.moving(1000 + GLIDE), false);
    assert.equal(x(glides, 900), 0, "a clock that lags behind");
  });

  test("turn where they seem to be, without a jump", () => {
    const glides = new Glides();
    glides.show(one(0), 0);
    glides.show(one(END), 1000);
    glides.show(one(0), 1100);
    assert.equal(x(glides, 1100), 100 / GLIDE);
    assert.ok((x(glides, 1101) as number) < 100 / GLIDE);
  });

  test("that did not move go on as they were", () => {
    const glides = new Glides();
    glides.show(one(0), 0);
    glides.show(one(END), 1000);
    glides.show(one(END), 1200);
    assert.equal(x(glides, 1000 + GLIDE), 1);
  });

  test("jump for who wants no motion", () => {
    const glides = new Glides();
    glides.show(one(0), 0);
    glides.show(one(END), 1000, true);
    assert.equal(x(glides, 1000), 1);
    assert.equal(glides.moving(1000), false);
  });

  test("of another person are others, and who is gone has none", () => {
    const glides = new Glides();
    glides.show(one(0), 0);
    glides.show(one(END, 0, "bob"), 1000);
    assert.deepEqual(glides.at(1000), [{ key: "bob", x: 1, y: 0 }]);
    glides.show(new Map(), 1001);
    assert.deepEqual(glides.at(1001), []);
  });

  test("are no more than can be told apart", () => {
    const glides = new Glides();
    glides.show(new Map(Array.from({ length: MOST + 1 }, (_, n): [string, Cursor] => [`s${n}`, ["ada", n, n]])), 0);
    assert.equal(glides.count, MOST);
  });
});

describe("the map", () => {
  const map = { width: 110, height: 60 };
  const label = { width: 30, height: 12 };

  test("has room for all of a cursor everywhere", () => {
    assert.deepEqual(pointOn(map, { x: 0, y: 0 }, 10), { x: 0, y: 0 });
    assert.deepEqual(pointOn(map, { x: 1, y: 1 }, 10), { x: 100, y: 50 });
    assert.deepEqual(pointOn(map, { x: 0.5, y: 0.5 }, 10), { x: 50, y: 25 });
  });

  test("has names beside cursors, and never beyond its rim", () => {
    assert.deepEqual(labelAt(map, { x: 10, y: 10 }, label, 10), { x: 16, y: 20 });
    assert.deepEqual(labelAt(map, { x: 100, y: 10 }, label, 10), { x: 80, y: 20 }, "at the end");
    assert.deepEqual(labelAt(map, { x: 10, y: 50 }, label, 10), { x: 16, y: 38 }, "at the bottom");
    assert.deepEqual(labelAt(map, { x: 10, y: 5 }, { width: 200, height: 60 }, 10), { x: 0, y: 0 }, "a long one");
  });
});
