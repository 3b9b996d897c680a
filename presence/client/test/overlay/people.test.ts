import assert from "node:assert/strict";
import { test } from "node:test";
import { groupPeople, initials, type Own } from "../../src/overlay/people.js";
import { ACTIVE, AWAY, IDLE, OFF_BOARD, type Color, type State } from "../../src/protocol/messages.js";
import type { Member } from "../../src/protocol/roster.js";

const RED: Color = [200, 0, 0];
const BLUE: Color = [0, 0, 200];

const member = (user: number, name: string, color: Color, state: State = OFF_BOARD): Member => {
  return { user, name, color, signedIn: false, state, position: state === ACTIVE ? { x: 1, y: 1 } : undefined };
};

const group = (members: Member[], own?: Own) => [...groupPeople(members, own).values()];

test("people differ by name and colour, and the tabs of one person are one", () => {
  const people = group([member(0, "Ada", RED), member(1, "Bob", BLUE), member(2, "Ada", RED), member(3, "Ada", BLUE)]);
  assert.deepEqual(people.map(({ name, color }) => [name, color]), [["Ada", RED], ["Bob", BLUE], ["Ada", BLUE]]);
});

test("the visitor is first, with their other tabs, unless only the server knows their name", () => {
  const people = group([member(1, "Bob", BLUE), member(0, "Ada", RED, ACTIVE)], { name: "Ada", color: RED });
  assert.deepEqual(people.map(({ name, own, pointing }) => [name, own, pointing]), [["Ada", true, 0], ["Bob", false, undefined]]);
  assert.deepEqual(group([], { name: "", color: RED }), []);
});

test("a person has the picture of their session", () => {
  const [own, ada] = group([{ ...member(1, "Ada", BLUE), avatar: "/a" }], { name: "Bob", color: RED, avatar: "/b" });
  assert.deepEqual([own?.avatar, ada?.avatar], ["/b", "/a"]);
});

test("a person points with the tab that has a cursor", () => {
  const [ada] = group([member(4, "Ada", RED, AWAY), member(0, "Ada", RED, ACTIVE)]);
  assert.equal(ada?.pointing, 0);
});

test("a person is away if every tab is, but never the visitor", () => {
  const isAway = (...states: State[]) => group(states.map((state, user) => member(user, "Ada", RED, state)))[0]?.away;
  assert.deepEqual([isAway(AWAY), isAway(IDLE, AWAY), isAway(AWAY, OFF_BOARD), isAway(ACTIVE, AWAY)], [true, true, false, false]);
  assert.equal(group([member(1, "Ada", RED, AWAY)], { name: "Ada", color: RED })[0]?.away, false);
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
