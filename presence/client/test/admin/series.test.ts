import assert from "node:assert/strict";
import { test } from "node:test";
import { lastKnown, lonely, summarize, top } from "../../src/admin/series.js";

test("the last that is known and the peak are told", () => {
  const trend = { at: [60, 120, 180, 240], people: [1, 2.5, 2, null], peak: [1, 4, 4, null] };
  assert.deepEqual(summarize(trend), { people: 2, peak: 4, at: 120 });
});

test("nobody there is not the same as nothing recorded", () => {
  assert.deepEqual(summarize({ at: [60], people: [0], peak: [0] }), { people: 0, peak: 0, at: 60 });
  assert.equal(summarize({ at: [60], people: [null], peak: [null] }), undefined);
  assert.equal(summarize({ at: [], people: [], peak: [] }), undefined);
});

test("a point between gaps is one that no line shows", () => {
  assert.deepEqual(lonely([1, null, 2, 3, null, 4]), [0, 5]);
  assert.deepEqual(lonely([null, 7, undefined]), [1]);
  assert.deepEqual(lonely([1, 2]), []);
});

test("the last known is found behind gaps", () => {
  assert.equal(lastKnown([1, 2, null, null]), 1);
  assert.equal(lastKnown([null]), -1);
});

test("the scale has room above the peak, and for a few people where there is hardly one", () => {
  assert.equal(top([null, 1]), 4.4);
  assert.equal(top([100, null]), 110.00000000000001);
});
