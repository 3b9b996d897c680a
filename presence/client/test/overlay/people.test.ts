import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { groupPeople as group, initials, type Own } from "../../src/overlay/people.js";
import { ACTIVE, AWAY, IDLE, OFF_BOARD, type Color, type State } from "../../src/protocol/protocol.js";
import type { Member } from "../../src/protocol/roster.js";

const RED: Color = [200, 0, 0];
const BLUE: Color = [0, 0, 200];

const member = (user: number, name: string, color: Color, state: State = OFF_BOARD, shown = false): Member => ({
  user,
  name,
  color,
  state,
  position: shown ? { x: 1, y: 1 } : undefined,
});

const groupPeople = (members: Member[], own: Own | undefined) => [...group(members, own).values()];

describe("people", () => {
  test("are told apart by name and colour, and tabs of one are one", () => {
    const members = [member(0, "Ada", RED), member(1, "Bob", BLUE), member(2, "Ada", RED), member(3, "Ada", BLUE)];
    const people = groupPeople(members, undefined);
    assert.deepEqual(people.map(({ name, color }) => [name, color]), [["Ada", RED], ["Bob", BLUE], ["Ada", BLUE]]);
  });

  test("begin with this page's visitor, whose other tabs are theirs", () => {
    const people = groupPeople([member(0, "Ada", RED, ACTIVE, true), member(1, "Bob", BLUE)], { name: "Ada", color: RED });
    assert.deepEqual(people.map(({ name, own, pointing }) => [name, own, pointing]), [["Ada", true, 0], ["Bob", false, undefined]]);
  });

  test("a visitor whose name only the server knows is left out", () => {
    assert.deepEqual(groupPeople([], { name: "", color: RED }), []);
  });

  test("point with the tab that has a cursor", () => {
    const people = groupPeople([member(4, "Ada", RED, AWAY), member(0, "Ada", RED, ACTIVE, true)], undefined);
    assert.equal(people[0]?.pointing, 0);
  });

  test("are away when every tab of theirs is", () => {
    const away = (...states: State[]) => groupPeople(states.map((s, n) => member(n, "Ada", RED, s)), undefined)[0]?.away;
    assert.equal(away(AWAY), true);
    assert.equal(away(IDLE, AWAY), true);
    assert.equal(away(AWAY, OFF_BOARD), false);
    assert.equal(away(ACTIVE, AWAY), false);
    const own = groupPeople([member(1, "Ada", RED, AWAY)], { name: "Ada", color: RED });
    assert.equal(own[0]?.away, false, "whoever looks at this page");
  });
});

test("initials", () => {
  const expected: [string, string][] = [
    ["Ada", "A"],
    ["Brave Otter", "BO"],
    ["ada king lovelace", "AL"],
    ["Ольга", "О"],
    ["山田太郎", "山"],
    ["محمد علي", "مع"],
    ["Ada (guest)", "A"],
    ["👩🏽‍🚀 Neil", "👩🏽‍🚀N"],
    ["é\u0301clair", "É\u0301"],
    ["<script>", "<"],
    ["", ""],
  ];
  for (const [name, letters] of expected) assert.equal(initials(name), letters, name);
});
