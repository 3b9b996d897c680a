import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clear, show } from "../../src/admin/rows.js";
import { UNKNOWN } from "../../src/admin/text.js";

describe("cells", () => {
  const numbers = (cells: ReadonlyMap<string, { textContent: string }>) => [...cells.values()].map((cell) => cell.textContent);

  test("show what is told, and stay as they are where nothing is", () => {
    const cells = new Map([["a", { textContent: "1" }], ["b", { textContent: "2" }], ["c", { textContent: "3" }]]);
    show(cells, { a: 0, b: null, elsewhere: 9 });
    assert.deepEqual(numbers(cells), ["0", UNKNOWN, "3"]);
    clear(cells);
    assert.deepEqual(numbers(cells), [UNKNOWN, UNKNOWN, UNKNOWN]);
  });

  test("that are right already are left alone", () => {
    let written = 0;
    const cell = { get textContent() { return "3"; }, set textContent(_) { written += 1; } };
    show(new Map([["a", cell]]), { a: 3 });
    assert.equal(written, 0);
  });
});
