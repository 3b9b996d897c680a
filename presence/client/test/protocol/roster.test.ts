import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ACTIVE, AWAY, OFF_BOARD, type RosterEntry, type State } from "../../src/protocol/protocol.js";
import { Roster } from "../../src/protocol/roster.js";

const RED = [200, 0, 0] as const;
const BLUE = [0, 0, 200] as const;
const entry = (user: number, name: string, state: State = ACTIVE, color: RosterEntry["color"] = RED) => ({
  user,
  name,
  state,
  color,
});

function rosterOf(...users: RosterEntry[]): Roster {
  const roster = new Roster();
  roster.welcome(0);
  roster.replace(users);
  return roster;
}

const names = (roster: Roster) => roster.members.map(({ name }) => name);

describe("snapshot and diffs", () => {
  test("join, leave", () => {
    const roster = rosterOf(entry(1, "Ada"));
    assert.equal(roster.join(2, "Bob", BLUE)?.name, "Bob");
    assert.deepEqual(names(roster), ["Ada", "Bob"]);
    assert.equal(roster.leave(1)?.name, "Ada");
    assert.equal(roster.leave(1), undefined);
    assert.deepEqual(names(roster), ["Bob"]);
  });

  test("a snapshot replaces everything", () => {
    const roster = rosterOf(entry(1, "Ada"), entry(2, "Bob"));
    roster.replace([entry(3, "Eve")]);
    assert.deepEqual(names(roster), ["Eve"]);
  });

  test("a second snapshot does not take the cursors of those who stay", () => {
    const roster = rosterOf(entry(1, "Ada"), entry(2, "Bob"));
    roster.move({ user: 1, x: 5, y: 6 });
    roster.move({ user: 2, x: 7, y: 8 });
    roster.replace([entry(1, "Ada"), entry(2, "Carl")]);
    assert.deepEqual(roster.find(1)?.position, { x: 5, y: 6 });
    assert.equal(roster.find(2)?.position, undefined, "the id is someone else's now");
  });

  test("a user who left the snapshot and comes back has no cursor", () => {
    const roster = rosterOf(entry(1, "Ada"));
    roster.move({ user: 1, x: 5, y: 6 });
    roster.replace([]);
    assert.equal(roster.join(1, "Ada", RED)?.position, undefined);
  });

  test("someone who comes back under another name keeps their cursor", () => {
    const roster = rosterOf(entry(1, "Ada"));
    roster.move({ user: 1, x: 5, y: 6 });
    const member = roster.join(1, "Ada L.", RED);
    assert.deepEqual([member?.name, member?.position], ["Ada L.", { x: 5, y: 6 }]);
  });

  test("after a new welcome no old position holds", () => {
    const roster = rosterOf(entry(1, "Ada"));
    roster.move({ user: 1, x: 5, y: 6 });
    roster.welcome(0);
    roster.replace([entry(1, "Ada")]);
    assert.equal(roster.find(1)?.position, undefined);
  });
});

describe("this session itself", () => {
  test("is not among the members, however it is mentioned", () => {
    const roster = rosterOf(entry(0, "Me"), entry(1, "Ada"));
    assert.equal(roster.join(0, "Me", RED), undefined);
    assert.equal(roster.move({ user: 0, x: 1, y: 1 }), undefined);
    assert.equal(roster.restate(0, AWAY), undefined);
    assert.deepEqual(names(roster), ["Ada"]);
    assert.equal(roster.ownName, "Me");
  });
});

describe("cursors and states", () => {
  test("a cursor makes its user active", () => {
    const roster = rosterOf(entry(1, "Ada", AWAY));
    const member = roster.move({ user: 1, x: 5, y: 6 });
    assert.deepEqual([member?.state, member?.position], [ACTIVE, { x: 5, y: 6 }]);
  });

  test("another state hides the cursor and keeps the user; active shows it where it was", () => {
    const roster = rosterOf(entry(1, "Ada"));
    roster.move({ user: 1, x: 5, y: 6 });
    assert.equal(roster.restate(1, OFF_BOARD)?.position, undefined);
    assert.deepEqual(names(roster), ["Ada"]);
    assert.deepEqual(roster.restate(1, ACTIVE)?.position, { x: 5, y: 6 });
    assert.equal(roster.restate(1, ACTIVE), undefined, "nothing changed");
  });

  test("an unknown user's cursor is kept until the join", () => {
    const roster = rosterOf();
    assert.equal(roster.move({ user: 9, x: 5, y: 6 }), undefined);
    assert.deepEqual(names(roster), []);
    assert.deepEqual(roster.join(9, "Eve", BLUE)?.position, { x: 5, y: 6 });
  });

  test("an unknown user's cursor is kept until the snapshot that names them", () => {
    const roster = rosterOf();
    roster.move({ user: 9, x: 5, y: 6 });
    roster.replace([entry(9, "Eve")]);
    assert.deepEqual(roster.find(9)?.position, { x: 5, y: 6 });
  });

  test("who leaves takes the cursor along", () => {
    const roster = rosterOf(entry(1, "Ada"));
    roster.move({ user: 1, x: 5, y: 6 });
    roster.leave(1);
    assert.equal(roster.join(1, "Bob", BLUE)?.position, undefined);
  });
});
