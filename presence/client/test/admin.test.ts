import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EVERY, LONGEST, outcomeOf, pause } from "../src/admin/polling.js";
import { clear, show } from "../src/admin/rows.js";
import { UNKNOWN } from "../src/admin/text.js";

describe("when to ask again", () => {
  test("soon enough that a join shows within a second, while all is well", () => {
    assert.equal(pause(0, 0.9), EVERY);
    assert.ok(EVERY < 1000);
  });

  test("a server in trouble is asked less and less often, by each page at another time", () => {
    assert.equal(pause(2, 0), EVERY * 2);
    assert.equal(pause(2, 1), EVERY * 4);
    assert.equal(pause(50, 1), LONGEST);
    assert.equal(pause(50, 0), LONGEST / 2);
  });

  test("who may not is told to ask no more", () => {
    for (const status of [401, 403, 404]) assert.equal(outcomeOf(status, false), "refused");
    assert.equal(outcomeOf(0, true), "refused");
    for (const status of [400, 500, 503]) assert.equal(outcomeOf(status, false), "failed");
    assert.equal(outcomeOf(200, false), "answered");
  });
});

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
