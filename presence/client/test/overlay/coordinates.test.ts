import assert from "node:assert/strict";
import { test } from "node:test";
import { worldView, type Coordinates } from "../../src/overlay/coordinates.js";
import { boxView, edgeMark, rectOf } from "../../src/overlay/geometry.js";

const at = (x: number, y: number) => ({ x, y });

/** A canvas of 400 × 200 px, 100 px from the left of the window and drawn at twice its size; 300 px of it are visible. */
const CLIP = { left: 100, top: 0, right: 700, bottom: 400 };
const SURFACE = boxView(rectOf(100, 0, 800, 400), CLIP);
const SIZE = [400, 200] as const;
/** The canvas shows the world from (1000, 500) on, ten units per pixel; y points up. */
const SITE: Coordinates = {
  bounds: { x: 0, y: 1000, width: 10_000, height: -2000 },
  toScreen: ({ x, y }) => ({ x: (x - 1000) / 10, y: (500 - y) / 10 }),
  toWorld: ({ x, y }) => ({ x: 1000 + x * 10, y: 500 - y * 10 }),
};

function view(site: Partial<Coordinates> = {}) {
  const errors: string[] = [];
  const coordinates = { ...SITE, ...site };
  return { errors, look: () => worldView(SURFACE, SIZE, coordinates, ({ message }) => errors.push(message)) };
}

test("fractions of the bounds lie on the screen where the site has their points, and back", () => {
  const { look, errors } = view();
  // (2000, 300) is 100 px from the left and 20 px from the top of the canvas.
  const fraction = at(0.2, 0.35);
  assert.deepEqual(look().toScreen(fraction), at(300, 40));
  assert.deepEqual(look().toFraction(at(300, 40)), fraction);
  assert.deepEqual(look().clip, CLIP);
  assert.deepEqual(errors, []);
});

test("a point may lie outside of the canvas, but a pointer does not", () => {
  const { look } = view();
  assert.deepEqual(look().toScreen(at(1, 0)), at(1900, -100));
  assert.equal(look().toFraction(at(720, 40)), undefined, "in the part that is not visible");
  assert.equal(look().toFraction(at(50, 40)), undefined);
});

test("a pointer outside of the bounds is off the board", () => {
  const { look } = view({ bounds: { x: 2000, y: 300, width: 100, height: -100 } });
  for (const [pixels, fraction] of [[0, 0], [20, 1]] as const) {
    const { x, y } = look().toFraction(at(300 + pixels, 40 + pixels)) ?? at(NaN, NaN);
    assert.ok(x === fraction && y === fraction, `${x}, ${y}`);
  }
  for (const [x, y] of [[299, 50], [321, 50], [310, 39], [310, 61]] as const) {
    assert.equal(look().toFraction(at(x, y)), undefined, `${x}, ${y}`);
  }
});

const broken: [what: string, site: Partial<Coordinates>, message: RegExp][] = [
  ["throws", { toScreen: () => { throw new Error("no camera"); } }, /^coordinates.toScreen: no camera$/],
  ["returns NaN", { toScreen: () => at(NaN, 0) }, /^coordinates.toScreen: no point$/],
  ["returns Infinity", { toScreen: () => at(0, Infinity) }, /^coordinates.toScreen: no point$/],
  ["returns text", { toScreen: () => ({ x: "a", y: "b" }) as never }, /^coordinates.toScreen: no point$/],
  ["returns nothing", { toScreen: () => undefined as never }, /^coordinates.toScreen: /],
  ["is missing", { toScreen: undefined as never }, /^coordinates.toScreen: /],
  ["has no bounds", { bounds: undefined as never }, /^coordinates.toScreen: /],
];
for (const [what, site, message] of broken) {
  test(`a site whose toScreen ${what} is told once, and nothing is drawn`, () => {
    const { look, errors } = view(site);
    for (const fraction of [at(0.2, 0.35), at(0.3, 0.3)]) {
      const point = look().toScreen(fraction);
      assert.ok(isNaN(point.x) && isNaN(point.y));
      assert.equal(edgeMark(CLIP, point), undefined);
    }
    assert.equal(errors.length, 1);
    assert.match(errors[0] as string, message);
  });
}

test("a pointer is off the board while toWorld fails, or the bounds have no area", () => {
  let fails = true;
  const toWorld: Coordinates["toWorld"] = (point) => (fails ? at(NaN, NaN) : SITE.toWorld(point));
  const { look, errors } = view({ toWorld });
  assert.equal(look().toFraction(at(300, 40)), undefined);
  assert.deepEqual(errors, ["coordinates.toWorld: no point"]);
  fails = false;
  assert.deepEqual(look().toFraction(at(300, 40)), at(0.2, 0.35));
  const flat = view({ bounds: { x: 0, y: 0, width: 0, height: 5 } });
  assert.equal(flat.look().toFraction(at(300, 40)), undefined);
  assert.deepEqual(flat.errors, ["coordinates.toWorld: no point"]);
});
