import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ACTIVE, AWAY, type RosterEntry } from "../../src/protocol/protocol.js";
import { NOTHING, SharedBoard, boardAt, sendTo, snapshotOf, type Snapshot } from "../../src/react/shared.js";
import { BOARD, FakeEnvironment, promises, welcoming } from "../support/fake.js";

const ADA: RosterEntry = { user: 1, name: "Ada", state: ACTIVE, color: [1, 2, 3] };
const BOB: RosterEntry = { user: 2, name: "Bob", state: AWAY, color: [4, 5, 6] };
const AT_ADA = { type: "CURSOR_BROADCAST", cursors: [{ user: 1, x: 65535, y: 0 }] } as const;

async function held(options: { name?: string } = {}) {
  const environment = new FakeEnvironment();
  let unused = 0;
  const board = new SharedBoard(() => void (unused += 1));
  const seen: Snapshot[] = [];
  const stop = board.subscribe(() => void seen.push(board.snapshot));
  const release = board.hold({ board: "1", environment, ...options });
  await promises();
  return { environment, board, seen, stop, release, unused: () => unused };
}

async function welcomed() {
  const all = await held();
  all.environment.socket.accept().say(...welcoming({ users: [ADA, BOB], count: 3 }), AT_ADA);
  await promises();
  return all;
}

describe("what is known of a board", () => {
  test("nothing, before anybody has asked", () => {
    assert.deepEqual(new SharedBoard(() => {}).snapshot, NOTHING);
  });

  test("users, cursors, count and status", async () => {
    const { board } = await welcomed();
    assert.deepEqual(board.snapshot, {
      users: [ADA, BOB],
      cursors: [{ user: 1, name: "Ada", color: [1, 2, 3], x: 1, y: 0 }],
      count: 3,
      status: "open",
    });
  });

  test("several changes of one moment are told once", async () => {
    const { environment, seen } = await welcomed();
    seen.length = 0;
    environment.socket.say(AT_ADA, AT_ADA, { type: "PRESENCE_UPDATE", board: BOARD, count: 4 });
    assert.equal(seen.length, 0);
    await promises();
    assert.equal(seen.length, 1);
  });

  test("a move replaces the cursors, and leaves the rest as it was", async () => {
    const { environment, board } = await welcomed();
    const before = board.snapshot;
    environment.socket.say({ type: "CURSOR_BROADCAST", cursors: [{ user: 1, x: 0, y: 0 }] });
    await promises();
    const after = board.snapshot;
    assert.notEqual(after.cursors, before.cursors);
    assert.equal(after.users, before.users);
    assert.equal(after.count, before.count);
  });

  test("who goes away keeps their place among the users, and has no cursor", async () => {
    const { environment, board } = await welcomed();
    environment.socket.say({ type: "STATE", states: [{ user: 1, state: AWAY }] });
    await promises();
    assert.deepEqual(board.snapshot.cursors, []);
    assert.deepEqual(board.snapshot.users.map(({ name }) => name), ["Ada", "Bob"]);
  });

  test("while the connection is sought again it is kept; closed, nothing is known", async () => {
    const { environment, board } = await welcomed();
    environment.socket.end(1006);
    await promises();
    assert.deepEqual([board.snapshot.status, board.snapshot.count], ["waiting", 3]);
    environment.pass(1000);
    environment.socket.accept().end(4403);
    await promises();
    assert.deepEqual(board.snapshot, { ...NOTHING, status: "closed" });
  });
});

describe("one connection for all", () => {
  test("as long as one holds it", async () => {
    const { environment, board, release, stop, unused } = await welcomed();
    const second = board.hold({ board: "1", environment });
    await promises();
    release();
    await promises();
    assert.equal(environment.sockets.length, 1);
    assert.equal(environment.live.length, 1);
    second();
    await promises();
    assert.equal(environment.leftovers, 0);
    assert.equal(environment.socket.closedWith, 1000);
    assert.deepEqual(board.snapshot, NOTHING);
    assert.equal(unused(), 0, "somebody listens");
    stop();
    await promises();
    assert.equal(unused(), 1);
  });

  test("who lets go and takes hold in one moment keeps it", async () => {
    const { environment, board, release } = await welcomed();
    release();
    board.hold({ board: "1", environment });
    await promises();
    assert.equal(environment.sockets.length, 1);
  });

  test("whoever names a name first names it for all, in whatever order they come", async () => {
    const { environment, board } = await held();
    environment.socket.accept();
    const ada = board.hold({ board: "1", environment, name: "Ada" });
    board.hold({ board: "1", environment, name: "Bob" });
    await promises();
    assert.equal(environment.live.length, 1, "the nameless connection is left for it");
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [{ type: "JOIN", board: 0, name: "Ada" }]);
    ada();
    await promises();
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [{ type: "JOIN", board: 0, name: "Bob" }]);
  });

  test("in one moment they make one connection, with the name", async () => {
    const environment = new FakeEnvironment();
    const board = new SharedBoard(() => {});
    board.hold({ board: "1", environment });
    board.hold({ board: "1", environment, name: "Ada" });
    await promises();
    assert.equal(environment.sockets.length, 1);
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [{ type: "JOIN", board: 0, name: "Ada" }]);
  });

  test("another function that gives tokens is not another connection", async () => {
    const environment = new FakeEnvironment();
    const board = new SharedBoard(() => {});
    const release = board.hold({ board: "1", environment, token: () => "a" });
    await promises();
    release();
    board.hold({ board: "1", environment, token: () => "b" });
    await promises();
    assert.equal(environment.sockets.length, 1);
  });

  test("one listener hears as often as it listens, and no longer than it does", async () => {
    const board = new SharedBoard(() => {});
    let heard = 0;
    const listener = () => void (heard += 1);
    const [one, other] = [board.subscribe(listener), board.subscribe(listener)];
    board.hold({ board: "1", environment: new FakeEnvironment() });
    await promises();
    assert.ok(heard >= 2);
    one();
    other();
    const before = heard;
    board.hold({ board: "1", environment: new FakeEnvironment(), name: "Ada" });
    await promises();
    assert.equal(heard, before);
  });
});

describe("this person's pointer", () => {
  test("is sent, and says when it has left", async () => {
    const { environment, board } = await welcomed();
    environment.socket.take();
    board.send(1, 0);
    environment.pass(100);
    board.send();
    environment.pass(100);
    assert.deepEqual(environment.socket.take(), [
      { type: "CURSOR_UPDATE", x: 65535, y: 0 },
      { type: "STATE", state: 1 },
    ]);
  });

  test("is nobody's business before anybody is connected", () => {
    sendTo({ board: "nowhere" }, 0, 0);
    assert.deepEqual(snapshotOf({ board: "nowhere" }), NOTHING);
  });
});

describe("the boards of a page", () => {
  test("are told apart by board and place, and forgotten when nobody looks", async () => {
    const one = boardAt({ board: "1" });
    assert.equal(boardAt({ board: "1" }), one);
    assert.notEqual(boardAt({ board: "2" }), one);
    assert.notEqual(boardAt({ board: "1", url: "wss://other.example/" }), one);
    one.subscribe(() => {})();
    await promises();
    assert.notEqual(boardAt({ board: "1" }), one);
  });
});
