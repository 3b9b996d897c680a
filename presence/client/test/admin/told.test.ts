import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inOrder, merge, NOTHING, type Cursor, type Person } from "../../src/admin/told.js";

const person = (name: string, since = 0): Person => ({
  name,
  color: "#123456",
  account: null,
  since,
  tabs: 1,
  state: "active",
  processes: ["one"],
});

const ADA = person("Ada");
const BOB = person("Bob");
const AT: Cursor = ["ada", 1, 2];
const WHOLE = merge(NOTHING, { closed: false, people: { ada: ADA }, cursors: { s1: AT } });

describe("a board", () => {
  test("is as it was told at first", () => {
    assert.deepEqual(WHOLE, { closed: false, people: new Map([["ada", ADA]]), cursors: new Map([["s1", AT]]) });
  });

  test("changes only where that is told", () => {
    const closed = merge(WHOLE, { closed: true });
    assert.deepEqual(closed, { ...WHOLE, closed: true });
    assert.equal(closed.people, WHOLE.people, "nothing to write for the rest");
    assert.deepEqual(merge(WHOLE, { people: { bob: BOB } }).people, new Map([["ada", ADA], ["bob", BOB]]));
    const away = { ...ADA, state: "away" } as const;
    assert.deepEqual(merge(WHOLE, { people: { ada: away } }).people, new Map([["ada", away]]));
  });

  test("loses who and what is gone", () => {
    const left = merge(WHOLE, { people: { ada: null, never: null }, cursors: { s1: null } });
    assert.deepEqual(left, { closed: false, people: new Map(), cursors: new Map() });
    assert.equal(WHOLE.people?.size, 1, "what was known before stays as it was");
  });

  test("of which nothing is known any more begins anew", () => {
    assert.deepEqual(merge(WHOLE, null), NOTHING);
    assert.equal(merge(WHOLE, { people: null }).people, null);
    assert.deepEqual(merge(merge(WHOLE, null), { people: { bob: BOB } }).people, new Map([["bob", BOB]]));
  });
});

test("who came first is first, also among those who came at the same time", () => {
  const people = new Map([["c", person("Cleo", 3)], ["b", person("Bob", 1)], ["a", person("Ada", 1)]]);
  assert.deepEqual(inOrder(people), ["b", "a", "c"]);
  assert.deepEqual(inOrder(new Map()), []);
});
