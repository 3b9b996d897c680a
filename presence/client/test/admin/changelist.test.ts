import assert from "node:assert/strict";
import { test } from "node:test";
import { clearCounts, showCounts } from "../../src/admin/changelist.js";

test("cells show the counts that changed, and a dash for what is not known", () => {
  const cells = new Map(["a", "b", "c"].map((board) => [board, { textContent: "3" }]));
  const texts = () => [...cells.values()].map(({ textContent }) => textContent);
  showCounts(cells, { a: 0, b: null, elsewhere: 9 });
  assert.deepEqual(texts(), ["0", "–", "3"]);
  clearCounts(cells);
  assert.deepEqual(texts(), ["–", "–", "–"]);
});

test("a cell with the right count is not written", () => {
  const cell = { get textContent() { return "3"; }, set textContent(_) { assert.fail("it was written"); } };
  showCounts(new Map([["a", cell]]), { a: 3 });
});
