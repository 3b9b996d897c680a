import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ClientOptions } from "../../src/client/client.js";
import { AWAY } from "../../src/protocol/messages.js";
import { BoardStore, EMPTY, existingStore, storeAt } from "../../src/react/board-store.js";
import { FakeEnvironment, promises } from "../support/environment.js";
import { ADA, BOARD, BOB, welcome } from "../support/server.js";

const cursorAt = (x: number) => ({ type: "CURSOR_BROADCAST", cursors: [{ user: 1, x, y: 0 }] }) as const;
const JOIN_AS = (name: string) => [{ type: "JOIN", board: 0, name }];

/** A store with one user, whose listener counts its calls. */
async function used(options: ClientOptions = {}) {
  const environment = new FakeEnvironment();
  const calls = { listener: 0, unused: 0 };
  const store = new BoardStore(() => void (calls.unused += 1));
  const unsubscribe = store.subscribe(() => void (calls.listener += 1));
  const use = (more: ClientOptions = {}) => store.use({ board: "1", environment, ...more });
  const release = use(options);
  await promises();
  return { environment, store, calls, use, unsubscribe, release };
}

async function welcomed() {
  const all = await used();
  all.environment.socket.accept().say(...welcome({ users: [ADA, BOB], count: 3 }), cursorAt(65535));
  await promises();
  return all;
}

describe("the snapshot", () => {
  test("is empty at first, and then has users, cursors, count and status", async () => {
    assert.deepEqual(new BoardStore(() => {}).snapshot, EMPTY);
    const { store } = await welcomed();
    assert.deepEqual(store.snapshot, {
      users: [ADA, BOB],
      cursors: [{ user: 1, name: "Ada", color: [1, 2, 3], x: 1, y: 0 }],
      count: 3,
      status: "open",
    });
  });

  test("is published once for all changes of a moment", async () => {
    const { environment, calls } = await welcomed();
    calls.listener = 0;
    environment.socket.say(cursorAt(1), cursorAt(2), { type: "PRESENCE_UPDATE", board: BOARD, count: 4 });
    assert.equal(calls.listener, 0);
    await promises();
    assert.equal(calls.listener, 1);
  });

  test("keeps each value that did not change", async () => {
    const { environment, store } = await welcomed();
    const before = store.snapshot;
    environment.socket.say(cursorAt(0));
    await promises();
    assert.notEqual(store.snapshot.cursors, before.cursors);
    assert.equal(store.snapshot.users, before.users);
    assert.equal(store.snapshot.count, before.count);
  });

  test("keeps a user who is away, without a cursor", async () => {
    const { environment, store } = await welcomed();
    environment.socket.say({ type: "STATE", states: [{ user: 1, state: AWAY }] });
    await promises();
    assert.deepEqual(store.snapshot.cursors, []);
    assert.deepEqual(store.snapshot.users.map(({ name }) => name), ["Ada", "Bob"]);
  });

  test("is kept while the connection is waiting, and empty once it is closed", async () => {
    const { environment, store } = await welcomed();
    environment.socket.end(1006);
    await promises();
    assert.deepEqual([store.snapshot.status, store.snapshot.count], ["waiting", 3]);
    environment.pass(1000);
    environment.socket.accept().end(4403);
    await promises();
    assert.deepEqual(store.snapshot, { ...EMPTY, status: "closed" });
  });
});

describe("the one connection", () => {
  test("lasts as long as somebody uses the store", async () => {
    const { environment, store, calls, use, release, unsubscribe } = await welcomed();
    const second = use();
    await promises();
    release();
    await promises();
    assert.deepEqual([environment.sockets.length, environment.live.length], [1, 1]);
    second();
    await promises();
    assert.equal(environment.leftovers, 0);
    assert.equal(environment.socket.closedWith, 1000);
    assert.deepEqual(store.snapshot, EMPTY);
    assert.equal(calls.unused, 0, "it has a listener");
    unsubscribe();
    await promises();
    assert.equal(calls.unused, 1);
  });

  test("stays if somebody releases the store and uses it again in the same moment", async () => {
    const { environment, use, release } = await welcomed();
    release();
    use();
    await promises();
    assert.equal(environment.sockets.length, 1);
  });

  test("takes the first name that is given, in whatever order users come", async () => {
    const { environment, use } = await used();
    const ada = use({ name: "Ada" });
    use({ name: "Bob" });
    await promises();
    assert.equal(environment.live.length, 1, "it replaces the one without a name");
    assert.deepEqual(environment.socket.accept().take(), JOIN_AS("Ada"));
    ada();
    await promises();
    assert.deepEqual(environment.socket.accept().take(), JOIN_AS("Bob"));
  });

  test("is not replaced for another token function", async () => {
    const { environment, use, release } = await used({ token: () => "a" });
    release();
    use({ token: () => "b" });
    await promises();
    assert.equal(environment.sockets.length, 1);
  });

  test("sends this person's cursor, and that it left", async () => {
    const { environment, store } = await welcomed();
    environment.socket.take();
    store.sendCursor(1, 0);
    environment.pass(100);
    store.sendCursor();
    environment.pass(100);
    const [move, state] = environment.socket.take();
    assert.deepEqual([move, state], [{ type: "CURSOR_UPDATE", x: 65535, y: 0 }, { type: "STATE", state: 1 }]);
  });
});

test("a listener that subscribes twice is two, and none is called after it unsubscribed", async () => {
  const { store, calls, use, unsubscribe } = await used();
  unsubscribe();
  let called = 0;
  const listener = () => void (called += 1);
  const [one, other] = [store.subscribe(listener), store.subscribe(listener)];
  const before = calls.listener;
  use({ name: "Ada" });
  await promises();
  assert.ok(called >= 2);
  one();
  other();
  called = 0;
  use({ name: "Bob", tokenUrl: "/token/" });
  await promises();
  assert.deepEqual([called, calls.listener], [0, before]);
});

test("stores differ by board and URL, and are forgotten when unused", async () => {
  assert.equal(existingStore({ board: "1" }), undefined);
  const one = storeAt({ board: "1" });
  assert.equal(storeAt({ board: "1" }), one);
  assert.equal(existingStore({ board: "1" }), one);
  assert.notEqual(storeAt({ board: "2" }), one);
  assert.notEqual(storeAt({ board: "1", url: "wss://other.example/" }), one);
  one.subscribe(() => {})();
  await promises();
  assert.notEqual(storeAt({ board: "1" }), one);
});
