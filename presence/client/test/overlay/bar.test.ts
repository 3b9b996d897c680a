import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_DELAY, SETTLE_TIME, announceAt } from "../../src/overlay/bar.js";

test("a count is announced once it has settled, or after the longest delay", () => {
  assert.equal(announceAt(100, 100), 100 + SETTLE_TIME);
  assert.equal(announceAt(700, 100), 700 + SETTLE_TIME);
  assert.equal(announceAt(100 + LONGEST_DELAY - SETTLE_TIME / 2, 100), 100 + LONGEST_DELAY);
});
