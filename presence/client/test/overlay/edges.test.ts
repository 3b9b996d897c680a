import assert from "node:assert/strict";
import { test } from "node:test";
import { INSET, edgeFor } from "../../src/overlay/edges.js";

const CLIP = { left: 100, top: 50, right: 900, bottom: 650 };

test("a mark lies on the rim, towards the point, and turns to it", () => {
  const expected: [number, number, number, number, number][] = [
    [5000, 350, 900 - INSET, 350, 0],
    [500, 5000, 500, 650 - INSET, 90],
    [-5000, 350, 100 + INSET, 350, 180],
    [500, -5000, 500, 50 + INSET, -90],
  ];
  for (const [px, py, x, y, turn] of expected) {
    const edge = edgeFor(CLIP, { x: px, y: py });
    assert.ok(edge);
    assert.ok(Math.hypot(edge.x - x, edge.y - y) < 1e-9 && edge.turn === turn, JSON.stringify(edge));
  }
});

test("it is within the rim whatever the direction", () => {
  for (let degrees = 0; degrees < 360; degrees += 7) {
    const angle = (degrees * Math.PI) / 180;
    const edge = edgeFor(CLIP, { x: 500 + 2000 * Math.cos(angle), y: 350 + 2000 * Math.sin(angle) });
    assert.ok(edge);
    assert.ok(edge.x >= 100 + INSET - 1e-9 && edge.x <= 900 - INSET + 1e-9, String(edge.x));
    assert.ok(edge.y >= 50 + INSET - 1e-9 && edge.y <= 650 - INSET + 1e-9, String(edge.y));
    const apart = Math.abs(edge.turn - degrees) % 360;
    assert.ok(Math.min(apart, 360 - apart) <= 1);
  }
});

test("a point just beyond the rim keeps its other coordinate nearly", () => {
  const edge = edgeFor(CLIP, { x: 905, y: 300 });
  assert.ok(edge && Math.abs(edge.y - 300) < 5 && edge.x === 900 - INSET);
});

test("where there is no room there is no mark", () => {
  assert.equal(edgeFor({ ...CLIP, right: 100 + 2 * INSET }, { x: 5000, y: 350 }), undefined);
  assert.equal(edgeFor({ ...CLIP, bottom: 0 }, { x: 5000, y: 350 }), undefined);
});
