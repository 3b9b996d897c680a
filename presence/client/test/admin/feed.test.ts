import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, MOST_ROWS, type FeedStatus, type Subscription, type Update } from "../../src/admin/feed.js";
import { FakeEnvironment, promises } from "../support/environment.js";

const LIST: Subscription = { site: "admin", model: "app.board", rows: ["b1", "b2"] };

function open(watch = LIST, isVisible = true) {
  const environment = new FakeEnvironment();
  environment.isVisible = isVisible;
  const updates: Update[] = [];
  const fresh: string[][] = [];
  const statuses: FeedStatus[] = [];
  const options = { socket: "/ws/presence/staff/", feed: "/admin/app/board/presence/feed/", watch, environment };
  const onUpdate = (update: Update, topics: ReadonlySet<string>) => (updates.push(update), void fresh.push([...topics]));
  new Feed(options, onUpdate, (status) => statuses.push(status));
  const send = (update: Update) => environment.socket.sayRaw(JSON.stringify(update));
  return { environment, updates, fresh, statuses, send, last: () => statuses.at(-1) };
}

function live() {
  const all = open();
  all.environment.socket.accept("");
  all.send({ rows: { b1: 1 } });
  return all;
}

/** The socket is lost, no other can be opened, and the first poll is under way. */
function polling() {
  const all = live();
  all.environment.socket.end(1006);
  all.environment.refusal = new Error("no socket");
  all.environment.pass(1_500);
  return all;
}

test("the socket sends the subscription and receives changes", () => {
  const { environment, updates, statuses, send } = open();
  assert.equal(environment.socket.url, "wss://site.example/ws/presence/staff/");
  assert.deepEqual(environment.socket.subprotocols, []);
  environment.socket.accept("");
  assert.deepEqual(environment.socket.texts.map((text) => JSON.parse(text)), [LIST]);
  for (const update of [{ rows: { b1: 1, b2: 0 } }, {}, { rows: { b2: 7 } }]) send(update);
  assert.deepEqual(updates, [{ rows: { b1: 1, b2: 0 } }, { rows: { b2: 7 } }]);
  assert.deepEqual(statuses, ["live"]);
});

test("the socket is replaced when it is silent", () => {
  const { environment, send } = live();
  environment.pass(39_000);
  send({});
  environment.pass(39_000);
  assert.equal(environment.sockets.length, 1);
  environment.pass(2_000);
  assert.deepEqual([environment.sockets.length, environment.live.length], [2, 1]);
  environment.pass(41_000);
  assert.equal(environment.sockets.length, 3, "also one that does not open");
});

test("the socket returns after a back-off and subscribes again, without a poll meanwhile", () => {
  const { environment, send, updates } = live();
  for (const wait of [250, 500, 250]) {
    environment.socket.end(1012);
    environment.pass(wait - 1);
    assert.equal(environment.live.length, 0);
    environment.pass(1);
    environment.socket.accept("");
    if (wait === 500) send({});
  }
  assert.deepEqual(environment.socket.texts, environment.sockets[0]?.texts);
  send({ rows: { b1: 2 } });
  environment.pass(20_000);
  assert.deepEqual([environment.requests.length, updates.length], [0, 2]);
});

for (const [code, status] of [[4400, "stale"], [4401, "ended"], [4403, "ended"]] as const) {
  test(`the socket ends for good with the code ${code}`, () => {
    const { environment, last } = live();
    environment.socket.end(code);
    assert.deepEqual([last(), environment.leftovers], [status, 0]);
  });
}

test("polling receives everything, and continues after failures", async () => {
  const { environment, updates, last } = polling();
  assert.equal(environment.request.url, "https://site.example/admin/app/board/presence/feed/?rows=b1%2Cb2");
  assert.equal(environment.request.redirect, "manual", "a page to sign in is no answer");
  await environment.request.respond(200, { rows: { b1: 3, b2: 0 } });
  assert.deepEqual([updates.at(-1), last()], [{ rows: { b1: 3, b2: 0 } }, "polling"]);
  environment.pass(5_000);
  await environment.request.respond(503);
  assert.equal(last(), "stale");
  environment.pass(5_000);
  await environment.request.fail();
  environment.pass(5_000);
  const { signal } = environment.request;
  environment.pass(10_000);
  await promises();
  assert.equal(signal.aborted, true, "an answer takes at most 10 s");
  environment.pass(5_000);
  assert.equal(environment.requests.length, 5);
  await environment.request.respond(200, { rows: {} });
  assert.equal(last(), "polling");
});

test("polling also begins if sockets open and are told to return later", async () => {
  const { environment, updates, last } = open();
  for (let n = 0; environment.requests.length === 0; n++) {
    assert.ok(n < 3, "there was no poll");
    environment.socket.accept("").end(1013);
    environment.pass(900);
  }
  await environment.request.respond(200, { rows: { b1: 3 } });
  assert.deepEqual([updates, last()], [[{ rows: { b1: 3 } }], "polling"]);
});

test("polling ends when a socket is back", async () => {
  const { environment, last, send } = polling();
  await environment.request.respond(503);
  assert.equal(last(), "stale");
  environment.refusal = undefined;
  environment.pass(30_000);
  environment.socket.accept("");
  send({});
  assert.equal(last(), "live");
  const { length } = environment.requests;
  environment.pass(30_000);
  assert.equal(environment.requests.length, length);
});

test("polling drops an answer that comes after the socket's", async () => {
  const { environment, updates, send } = open();
  environment.pass(1_500);
  environment.socket.accept("");
  send({ rows: { b1: 5 } });
  await environment.request.respond(200, { rows: { b1: 4 } });
  assert.deepEqual(updates, [{ rows: { b1: 5 } }]);
});

test("polling asks for many rows in several requests, like the socket for no more than the server allows", async () => {
  const rows = Array.from({ length: MOST_ROWS + 50 }, (_, n) => `b${n}`);
  const { environment } = open({ site: "admin", rows, board: "b7", overview: true });
  environment.socket.accept("");
  assert.equal(JSON.parse(environment.socket.texts[0] as string).rows.length, MOST_ROWS);
  environment.pass(1_500);
  for (let n = 0; n < MOST_ROWS / 100; n++) await environment.request.respond(200, { rows: {} });
  const queries = environment.requests.map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(queries.map((query) => query.get("rows")?.split(",").length), [...Array(10).fill(100), undefined]);
  assert.equal(String(queries.at(-1)), "board=b7&overview=1");
});

for (const [code, status] of [[0, "ended"], [401, "ended"], [403, "ended"], [404, "ended"], [400, "stale"]] as const) {
  test(`polling ends for good with the status ${code}`, async () => {
    const { environment, last } = polling();
    await environment.request.respond(code);
    assert.deepEqual([last(), environment.leftovers], [status, 0]);
  });
}

test("fresh topics are those that come first on a socket", () => {
  const { environment, fresh, send } = open();
  const expected: string[][] = [];
  for (const _ of ["first socket", "second socket"]) {
    environment.socket.accept("");
    for (const topic of ["board", "board", "rows", "rows"]) send({ [topic]: {} });
    expected.push(["board"], [], ["rows"], []);
    assert.deepEqual(fresh, expected);
    environment.socket.end(1012);
    environment.pass(600);
  }
});

test("fresh topics are all of each poll, and come first on the socket after it", async () => {
  const { environment, fresh, send } = open({ site: "admin", board: "b1" });
  environment.pass(1_500);
  await environment.request.respond(200, { board: {} });
  environment.pass(6_000);
  await environment.request.respond(200, { board: {} });
  environment.socket.accept("");
  send({ board: {} });
  send({ board: {} });
  assert.deepEqual(fresh, [["board"], ["board"], ["board"], []]);
});

test("a hidden page disconnects after a minute, and connects when it is shown", () => {
  const { environment, last, send } = live();
  environment.signal("hidden");
  environment.pass(30_000);
  send({});
  environment.pass(29_000);
  assert.equal(last(), "live");
  environment.pass(1_000);
  assert.equal(last(), "paused");
  environment.pass(100_000);
  assert.equal(environment.requests.length + environment.live.length, 0);
  environment.signal("shown");
  assert.equal(environment.live.length, 1);
});

test("a hidden page also disconnects if it loads hidden", () => {
  const { environment, last } = open(undefined, false);
  environment.signal("pageshow");
  environment.socket.accept("");
  environment.pass(61_000);
  assert.equal(last(), "paused");
});

for (const signal of ["pageshow", "online", "hidden", "offline"] as const) {
  test(`a hidden page stays disconnected if it receives ${signal}`, () => {
    const { environment, last } = live();
    environment.signal("hidden");
    environment.pass(30_000);
    environment.signal(signal);
    assert.equal(environment.live.length, signal === "offline" ? 0 : 1);
    environment.pass(30_000);
    assert.equal(last(), "paused");
    environment.signal(signal);
    environment.pass(100_000);
    assert.equal(environment.live.length, 0);
  });
}

test("a hidden page stays connected if it is shown within the minute", () => {
  const { environment, send } = live();
  environment.signal("hidden");
  environment.pass(30_000);
  send({});
  environment.signal("shown");
  environment.pass(35_000);
  assert.deepEqual([environment.sockets.length, environment.live.length], [1, 1]);
});

test("a page disconnects at once when it is left, and connects when it comes back", () => {
  const { environment, last } = live();
  environment.signal("pagehide");
  assert.deepEqual([environment.live.length, last()], [0, "paused"]);
  environment.signal("pageshow");
  assert.equal(environment.live.length, 1);
});

test("a page without a network is stale, and connects at once when there is one", async () => {
  const { environment, last } = live();
  environment.signal("offline");
  assert.equal(environment.live.length, 0);
  environment.refusal = new Error("no network");
  environment.pass(1_500);
  await environment.request.fail();
  assert.equal(last(), "stale");
  environment.refusal = undefined;
  environment.signal("online");
  assert.equal(environment.live.length, 1);
});
