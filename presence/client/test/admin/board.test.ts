import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChange, inOrder, UNKNOWN_BOARD, type Board, type Person } from "../../src/admin/board.js";

const person = (name: string, since = 0): Person => {
  return { name, color: "#123456", account: null, since, tabs: 1, state: "active", processes: ["one"] };
};

const ADA = person("Ada");
const BOB = person("Bob");
const BOARD = applyChange(UNKNOWN_BOARD, { closed: false, people: { ada: ADA }, cursors: { s1: ["ada", 1, 2] } });

test("a change sets what it has, and keeps the rest", () => {
  const cursors = new Map([["s1", ["ada", 1, 2] as const]]);
  const whole: Board = { closed: false, hidden: 0, people: new Map([["ada", ADA]]), cursors };
  assert.deepEqual(BOARD, whole);
  const closed = applyChange(BOARD, { closed: true });
  assert.deepEqual(closed, { ...BOARD, closed: true });
  assert.equal(closed.people, BOARD.people, "the same object");
  const away = { ...ADA, state: "away" } as const;
  const people = applyChange(BOARD, { people: { bob: BOB, ada: away } }).people;
  assert.deepEqual(people, new Map([["ada", away], ["bob", BOB]]));
});

test("a null removes a person or a cursor", () => {
  const empty = applyChange(BOARD, { people: { ada: null, never: null }, cursors: { s1: null } });
  assert.deepEqual(empty, { closed: false, hidden: 0, people: new Map(), cursors: new Map() });
  assert.equal(BOARD.people?.size, 1, "the board before does not change");
});

test("a board may show how many people are there, and not who", () => {
  const hidden = applyChange(BOARD, { hidden: 3, people: { ada: null } });
  assert.deepEqual([hidden.hidden, applyChange(hidden, { closed: true }).hidden], [3, 3]);
  assert.equal(applyChange(hidden, { hidden: 0 }).hidden, 0);
});

test("a null in place of all makes it unknown, and the next change begins with nothing", () => {
  assert.deepEqual(applyChange(BOARD, null), UNKNOWN_BOARD);
  assert.equal(applyChange(BOARD, { people: null }).people, null);
  assert.deepEqual(applyChange(UNKNOWN_BOARD, { people: { bob: BOB } }).people, new Map([["bob", BOB]]));
});

test("people are in the order in which they joined, or are known if they joined at once", () => {
  const people = new Map([["c", person("Cleo", 3)], ["b", person("Bob", 1)], ["a", person("Ada", 1)]]);
  assert.deepEqual(inOrder(people), ["b", "a", "c"]);
});
