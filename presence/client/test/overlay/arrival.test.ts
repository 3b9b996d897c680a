import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrival } from "../../src/overlay/arrival.js";

const at = (x: number) => ({ x, y: 0 });

test("who appears at one place looks like a touch, also when it is told twice", () => {
  const arrival = new Arrival();
  assert.equal(arrival.touch, false);
  assert.equal(arrival.move(at(1), false, true), true);
  assert.equal(arrival.touch, true);
  assert.equal(arrival.move(at(1), true, true), false);
  assert.equal(arrival.touch, true);
});

test("who has been at a second place is an arrow, back at the first one too", () => {
  const arrival = new Arrival();
  arrival.move(at(1), false, true);
  arrival.move(at(2), true, true);
  assert.equal(arrival.touch, false);
  arrival.move(at(1), true, true);
  assert.equal(arrival.touch, false);
});

test("each touch is one", () => {
  const arrival = new Arrival();
  arrival.move(at(1), false, true);
  arrival.move(at(2), true, true);
  assert.equal(arrival.move(at(2), false, true), true);
  assert.equal(arrival.touch, true);
});

test("who was here before us is an arrow", () => {
  const arrival = new Arrival();
  assert.equal(arrival.move(at(1), false, false), false);
  assert.equal(arrival.touch, false);
});
