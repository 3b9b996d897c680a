import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_WAIT, REST, dueAt } from "../../src/overlay/settling.js";

test("a change is told once it has rested", () => {
  assert.equal(dueAt(100, 100), 100 + REST);
  assert.equal(dueAt(700, 100), 700 + REST);
});

test("changes without end are told in the end", () => {
  assert.equal(dueAt(100 + LONGEST_WAIT - REST / 2, 100), 100 + LONGEST_WAIT);
});
