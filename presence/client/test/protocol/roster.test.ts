import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../../src/protocol/codec.js";
import { ACTIVE, AWAY, OFF_BOARD, type Color, type RosterEntry, type State } from "../../src/protocol/messages.js";
import { isSignedIn, Roster } from "../../src/protocol/roster.js";

const RED: Color = [200, 0, 0];
const entry = (user: number, name: string, state: State = ACTIVE): RosterEntry => ({ user, name, state, color: RED });

function rosterOf(...users: RosterEntry[]): Roster {
  const roster = new Roster();
  roster.welcome(0);
  roster.replace(users);
  return roster;
}

/** Ada is on the board with a cursor at (5, 6). */
function withCursor(): Roster {
  const roster = rosterOf(entry(1, "Ada"));
  roster.move({ user: 1, x: 5, y: 6 });
  return roster;
}

test("the colour says who is signed in, as in the vectors", () => {
  const path = new URL("../../../tests/vectors/signed_in.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as {
    cases: { frame: string; signed_in: Record<string, boolean> }[];
  };
  assert.ok(cases.length >= 7);
  for (const { frame, signed_in } of cases) {
    const message = decode(Uint8Array.from(Buffer.from(frame, "hex")).buffer);
    const roster = new Roster();
    if (message.type === "ROSTER") roster.replace(message.users);
    if (message.type === "USER_JOINED") roster.join(message.user, message.name, message.color);
    const found = new Map(roster.members.map(({ user, signedIn }) => [String(user), signedIn]));
    if (message.type === "WELCOME") found.set(String(message.user), isSignedIn(message.color));
    assert.deepEqual(Object.fromEntries(found), signed_in, frame);
  }
});

const names = (roster: Roster) => roster.members.map(({ name }) => name);

test("people join and leave", () => {
  const roster = rosterOf(entry(1, "Ada"));
  assert.equal(roster.join(2, "Bob", RED)?.name, "Bob");
  assert.deepEqual([roster.leave(1)?.name, roster.leave(1)], ["Ada", undefined]);
  assert.deepEqual(names(roster), ["Bob"]);
});

test("an anchor is a part of the position", () => {
  const roster = withCursor();
  const anchor = [0, 9, 7, 8] as const;
  assert.deepEqual(roster.move({ user: 1, x: 5, y: 6, anchor })?.position, { x: 5, y: 6, anchor });
  assert.deepEqual(roster.move({ user: 1, x: 5, y: 6 })?.position, { x: 5, y: 6 });
});

test("a snapshot replaces everyone, and those who stay keep their cursors", () => {
  const roster = rosterOf(entry(1, "Ada"), entry(2, "Bob"), entry(3, "Eve"));
  roster.move({ user: 1, x: 5, y: 6 });
  roster.move({ user: 2, x: 7, y: 8 });
  roster.replace([entry(1, "Ada"), entry(2, "Carl")]);
  assert.deepEqual(names(roster), ["Ada", "Carl"]);
  assert.deepEqual(roster.find(1)?.position, { x: 5, y: 6 });
  assert.equal(roster.find(2)?.position, undefined, "the id belongs to someone else now");
});

test("a cursor is gone after its user left, also by a snapshot", () => {
  for (const remove of [(roster: Roster) => roster.leave(1), (roster: Roster) => roster.replace([])]) {
    const roster = withCursor();
    remove(roster);
    assert.equal(roster.join(1, "Ada", RED)?.position, undefined);
  }
});

test("a user with a new name keeps the cursor", () => {
  const member = withCursor().join(1, "Ada L.", RED);
  assert.deepEqual([member?.name, member?.position], ["Ada L.", { x: 5, y: 6 }]);
});

test("a new session knows no old positions", () => {
  const roster = withCursor();
  roster.welcome(0);
  roster.replace([entry(1, "Ada")]);
  assert.equal(roster.find(1)?.position, undefined);
});

test("this session is never a member", () => {
  const roster = rosterOf(entry(0, "Me"), entry(1, "Ada"));
  assert.equal(roster.join(0, "Me", RED), undefined);
  assert.equal(roster.move({ user: 0, x: 1, y: 1 }), undefined);
  assert.equal(roster.setState(0, AWAY), undefined);
  assert.deepEqual(names(roster), ["Ada"]);
  assert.equal(roster.own?.name, "Me");
});

test("a cursor makes its user active", () => {
  const member = rosterOf(entry(1, "Ada", AWAY)).move({ user: 1, x: 5, y: 6 });
  assert.deepEqual([member?.state, member?.position], [ACTIVE, { x: 5, y: 6 }]);
});

test("another state hides the cursor until it moves", () => {
  const roster = withCursor();
  assert.equal(roster.setState(1, OFF_BOARD)?.position, undefined);
  assert.deepEqual(names(roster), ["Ada"]);
  assert.deepEqual(roster.setState(1, ACTIVE)?.position, undefined);
  assert.equal(roster.setState(1, ACTIVE), undefined, "nothing changed");
  assert.deepEqual(roster.move({ user: 1, x: 7, y: 8 })?.position, { x: 7, y: 8 });
});

test("an unknown user's cursor is kept until a join or snapshot names them", () => {
  const name = [(roster: Roster) => roster.join(9, "Eve", RED), (roster: Roster) => roster.replace([entry(9, "Eve")])];
  for (const introduce of name) {
    const roster = rosterOf();
    assert.equal(roster.move({ user: 9, x: 5, y: 6 }), undefined);
    assert.deepEqual(names(roster), []);
    introduce(roster);
    assert.deepEqual(roster.find(9)?.position, { x: 5, y: 6 });
  }
});
