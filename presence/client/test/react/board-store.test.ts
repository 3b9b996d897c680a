import assert from "node:assert/strict";
import { test } from "node:test";
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

test("the snapshot is empty at first, and then has users, cursors, count and status", async () => {
  assert.deepEqual(new BoardStore(() => {}).snapshot, EMPTY);
  const { store } = await welcomed();
  assert.deepEqual(store.snapshot, {
    users: [ADA, BOB].map((user) => ({ ...user, avatar: undefined, signedIn: user.color[0] % 2 === 1 })),
    cursors: [{ user: 1, name: "Ada", color: [1, 2, 3], avatar: undefined, x: 1, y: 0 }],
    count: 3,
    status: "open",
  });
});

test("the snapshot is published once for all changes of a moment, with the same objects for what did not change", async () => {
  const { environment, store, calls } = await welcomed();
  const { snapshot: before } = store;
  calls.listener = 0;
  environment.socket.say(cursorAt(1), cursorAt(2));
  assert.equal(calls.listener, 0);
  await promises();
  environment.socket.say({ type: "PRESENCE_UPDATE", board: BOARD, count: 4 });
  await promises();
  assert.deepEqual([calls.listener, store.snapshot.count], [2, 4]);
  assert.notEqual(store.snapshot.cursors, before.cursors);
  assert.equal(store.snapshot.users, before.users);
});

test("the snapshot keeps a user who is away, without a cursor", async () => {
  const { environment, store } = await welcomed();
  environment.socket.say({ type: "STATE", states: [{ user: 1, state: AWAY }] });
  await promises();
  assert.deepEqual(store.snapshot.cursors, []);
  assert.deepEqual(store.snapshot.users.map(({ name }) => name), ["Ada", "Bob"]);
});

test("the snapshot is kept while the connection is waiting, and empty once it is closed", async () => {
  const { environment, store } = await welcomed();
  environment.socket.end(1006);
  await promises();
  assert.deepEqual([store.snapshot.status, store.snapshot.count], ["waiting", 3]);
  environment.pass(1000);
  environment.socket.accept().end(4403);
  await promises();
  assert.deepEqual(store.snapshot, { ...EMPTY, status: "closed" });
});

test("the connection lasts as long as somebody uses the store", async () => {
  const { environment, store, calls, use, release, unsubscribe } = await welcomed();
  const second = use();
  await promises();
  release();
  await promises();
  assert.deepEqual([environment.sockets.length, environment.live.length], [1, 1]);
  second();
  await promises();
  assert.deepEqual([environment.leftovers, environment.socket.closedWith, store.snapshot], [0, 1000, EMPTY]);
  assert.deepEqual(environment.socket.take().at(-1)?.type, "LEAVE");
  assert.equal(calls.unused, 0, "it has a listener");
  unsubscribe();
  await promises();
  assert.equal(calls.unused, 1);
});

test("the connection takes the first name that is given, in whatever order users come", async () => {
  const { environment, use } = await used();
  const ada = use({ name: "Ada" });
  use({ name: "Bob" });
  await promises();
  assert.equal(environment.live.length, 1, "it replaces the one without a name");
  const before = environment.socket.accept();
  assert.deepEqual(before.take(), JOIN_AS("Ada"));
  ada();
  await promises();
  assert.deepEqual([before.take(), before.closedWith], [[], 1000], "the next connection goes on as the same user");
  assert.deepEqual(environment.socket.accept().take(), JOIN_AS("Bob"));
});

test("the connection stays if the store is released and used again at once, also with another token function", async () => {
  const { environment, use, release } = await used({ token: () => "a" });
  release();
  use({ token: () => "b" });
  await promises();
  assert.equal(environment.sockets.length, 1);
});

test("the store sends this person's cursor, and that it left", async () => {
  const { environment, store } = await welcomed();
  environment.socket.take();
  store.sendCursor(1, 0);
  environment.pass(100);
  store.sendCursor();
  environment.pass(100);
  assert.deepEqual(environment.socket.take(), [{ type: "CURSOR_UPDATE", x: 65535, y: 0 }, { type: "STATE", state: 1 }]);
});

test("a listener that subscribes twice is two, and none is called after it unsubscribed", async () => {
  const { store, calls, use } = await used();
  let called = 0;
  const listener = () => void (called += 1);
  const [one, other] = [store.subscribe(listener), store.subscribe(listener)];
  calls.listener = 0;
  use({ name: "Ada" });
  await promises();
  assert.equal(called, 2 * calls.listener);
  one();
  other();
  called = 0;
  use({ tokenUrl: "/token/" });
  await promises();
  assert.equal(called, 0);
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
