import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MOST_ROWS, openFeed, type Status, type Update, type Watch } from "../../src/admin/feed.js";
import { FakeEnvironment, promises } from "../support/fake.js";

const ROWS = ["b1", "b2"];

function open(watch: Watch = { site: "admin", model: "app.board", rows: ROWS }, prepare = (_: FakeEnvironment) => {}) {
  const environment = new FakeEnvironment();
  prepare(environment);
  const updates: Update[] = [];
  const fresh: string[][] = [];
  const statuses: Status[] = [];
  const options = { socket: "/ws/presence/staff/", feed: "/admin/app/board/presence/feed/", watch, environment };
  const feed = openFeed(
    options,
    (update, anew) => {
      updates.push(update);
      fresh.push([...anew]);
    },
    (status) => statuses.push(status),
  );
  const tell = (update: Update) => environment.socket.sayRaw(JSON.stringify(update));
  return { environment, updates, fresh, statuses, feed, tell };
}

function live() {
  const all = open();
  all.environment.socket.accept("");
  all.tell({ rows: { b1: 1 } });
  return all;
}

/** The server ends the socket, and nobody takes another. */
function unreachable() {
  const all = live();
  all.environment.socket.end(1006);
  all.environment.refusal = new Error("no socket");
  return all;
}

async function answer(environment: FakeEnvironment, status: number, body?: unknown) {
  environment.request.answer({ status, body });
  await promises();
}

describe("over the socket", () => {
  test("it says what it watches, and hears what changed", () => {
    const { environment, updates, statuses, tell } = open();
    assert.equal(environment.socket.url, "wss://site.example/ws/presence/staff/");
    assert.deepEqual(environment.socket.subprotocols, []);
    environment.socket.accept("");
    assert.deepEqual(environment.socket.texts.map((text) => JSON.parse(text)), [
      { site: "admin", model: "app.board", rows: ROWS },
    ]);
    tell({ rows: { b1: 1, b2: 0 } });
    tell({});
    tell({ rows: { b2: 7 } });
    assert.deepEqual(updates, [{ rows: { b1: 1, b2: 0 } }, { rows: { b2: 7 } }]);
    assert.deepEqual(statuses, ["live"]);
  });

  test("no more rows than the server takes", () => {
    const rows = Array.from({ length: MOST_ROWS + 1 }, (_, n) => `b${n}`);
    const { environment } = open({ site: "admin", rows });
    environment.socket.accept("");
    assert.equal(JSON.parse(environment.socket.texts[0] as string).rows.length, MOST_ROWS);
  });

  test("something else may be watched", () => {
    const { environment, feed } = live();
    feed.watch({ site: "admin", overview: true });
    assert.deepEqual(JSON.parse(environment.socket.texts.at(-1) as string), { site: "admin", overview: true });
  });

  test("one that falls silent is replaced", () => {
    const { environment, tell } = live();
    environment.pass(39_000);
    tell({});
    environment.pass(39_000);
    assert.equal(environment.sockets.length, 1);
    environment.pass(2_000);
    assert.equal(environment.sockets.length, 2);
    assert.equal(environment.live.length, 1);
  });

  test("it comes back, and says again what it watches; nobody is asked meanwhile", () => {
    const { environment, tell, updates } = live();
    environment.socket.end(1012);
    environment.pass(600);
    assert.equal(environment.sockets.length, 2);
    environment.socket.accept("");
    assert.equal(environment.socket.texts.length, 1);
    tell({ rows: { b1: 2 } });
    environment.pass(20_000);
    assert.equal(environment.requests.length, 0);
    assert.equal(updates.length, 2);
  });

  test("it leaves more and more time, with chance", () => {
    const { environment } = live();
    for (const [attempt, wait] of [250, 500, 1000, 2000].entries()) {
      environment.socket.end(1006);
      environment.pass(wait - 1);
      assert.equal(environment.sockets.length, attempt + 1);
      environment.pass(1);
      assert.equal(environment.sockets.length, attempt + 2);
    }
  });

  for (const [code, said] of [[4400, "stale"], [4401, "ended"], [4403, "ended"]] as const) {
    test(`${code} is for good`, () => {
      const { environment, statuses } = live();
      environment.socket.end(code);
      assert.equal(statuses.at(-1), said);
      environment.pass(100_000);
      environment.signal("online");
      environment.show();
      assert.equal(environment.sockets.length, 1);
      assert.equal(environment.leftovers, 0);
    });
  }

  test("nothing is left of one that is closed", () => {
    const { environment, feed } = live();
    feed.close();
    assert.equal(environment.leftovers, 0);
  });
});

describe("without a socket", () => {
  test("it asks, and hears everything", async () => {
    const { environment, updates, statuses } = unreachable();
    environment.pass(1_500);
    assert.equal(environment.request.url, "https://site.example/admin/app/board/presence/feed/?rows=b1%2Cb2");
    assert.equal(environment.request.redirect, "manual", "a form to sign in at is no answer");
    await answer(environment, 200, { rows: { b1: 3, b2: 0 } });
    assert.deepEqual(updates.at(-1), { rows: { b1: 3, b2: 0 } });
    assert.equal(statuses.at(-1), "polling");
    environment.pass(5_000);
    assert.equal(environment.requests.length, 2);
    await answer(environment, 503);
    assert.equal(statuses.at(-1), "stale");
    environment.pass(5_000);
    environment.request.fail(new Error("gone"));
    await promises();
    environment.pass(5_000);
    await answer(environment, 200, { rows: {} });
    assert.equal(statuses.at(-1), "polling");
  });

  test("it asks as well where sockets open, and are told to come again later", async () => {
    const { environment, updates, statuses } = open();
    for (let n = 0; environment.requests.length === 0; n++) {
      assert.ok(n < 3, "nobody asked");
      environment.socket.accept("");
      environment.socket.end(1013);
      environment.pass(900);
    }
    await answer(environment, 200, { rows: { b1: 3 } });
    assert.deepEqual(updates, [{ rows: { b1: 3 } }]);
    assert.equal(statuses.at(-1), "polling");
  });

  test("a socket that is there again ends the asking", async () => {
    const { environment, statuses, tell } = unreachable();
    environment.pass(1_500);
    environment.refusal = undefined;
    environment.pass(60_000);
    assert.equal(environment.asking.length, 0, "it was given up");
    environment.socket.accept("");
    tell({});
    assert.equal(statuses.at(-1), "live");
    const asked = environment.requests.length;
    environment.pass(30_000);
    assert.equal(environment.requests.length, asked);
  });

  test("an answer that comes after the socket's changes nothing", async () => {
    const { environment, updates, tell } = open();
    environment.pass(1_500);
    environment.socket.accept("");
    tell({ rows: { b1: 5 } });
    await answer(environment, 200, { rows: { b1: 4 } });
    assert.deepEqual(updates, [{ rows: { b1: 5 } }]);
  });

  test("many rows are several questions", async () => {
    const rows = Array.from({ length: 250 }, (_, n) => `b${n}`);
    const { environment } = open({ site: "admin", rows, board: "b7", overview: true });
    environment.pass(1_500);
    for (const count of [100, 100, 50]) {
      const asked = new URL(environment.request.url).searchParams.get("rows") as string;
      assert.equal(asked.split(",").length, count);
      await answer(environment, 200, { rows: {} });
    }
    assert.equal(new URL(environment.request.url).search, "?board=b7&overview=1");
  });

  for (const [status, said] of [[0, "ended"], [401, "ended"], [403, "ended"], [404, "ended"], [400, "stale"]] as const) {
    test(`${status} is for good`, async () => {
      const { environment, statuses } = unreachable();
      environment.pass(1_500);
      await answer(environment, status);
      assert.equal(statuses.at(-1), said);
      assert.equal(environment.leftovers, 0);
    });
  }

  test("one that does not answer is given up", async () => {
    const { environment, statuses } = unreachable();
    environment.pass(11_500);
    await promises();
    assert.equal(environment.request.signal.aborted, true);
    assert.equal(statuses.at(-1), "stale");
  });
});

describe("what is told anew", () => {
  const ANEW = [["board"], [], ["rows"], []];

  test("is all of a topic at first, and what changed from then on", () => {
    const { environment, fresh, tell } = open();
    environment.socket.accept("");
    for (const topic of ["board", "board", "rows", "rows"]) tell({ [topic]: {} });
    assert.deepEqual(fresh, ANEW);
    environment.socket.end(1012);
    environment.pass(600);
    environment.socket.accept("");
    for (const topic of ["board", "board", "rows", "rows"]) tell({ [topic]: {} });
    assert.deepEqual(fresh, [...ANEW, ...ANEW], "and of the next socket, too");
  });

  test("begins again where something else is watched", () => {
    const { environment, feed, fresh, tell } = open();
    environment.socket.accept("");
    tell({ board: {} });
    feed.watch({ site: "admin", board: "b2" });
    tell({ board: {} });
    assert.deepEqual(fresh, [["board"], ["board"]]);
  });

  test("is every answer of those that are asked for, and a socket's beginning after them", async () => {
    const { environment, fresh, tell } = open({ site: "admin", board: "b1" });
    environment.pass(1_500);
    await answer(environment, 200, { board: {} });
    environment.pass(6_000);
    await answer(environment, 200, { board: {} });
    environment.socket.accept("");
    tell({ board: {} });
    tell({ board: {} });
    assert.deepEqual(fresh, [["board"], ["board"], ["board"], []]);
  });
});

describe("a page that nobody looks at", () => {
  test("is told nothing after a minute, and everything when it is shown", () => {
    const { environment, statuses, tell } = live();
    environment.hide();
    environment.pass(30_000);
    tell({});
    environment.pass(29_000);
    assert.equal(statuses.at(-1), "live");
    environment.pass(1_000);
    assert.equal(statuses.at(-1), "paused");
    assert.equal(environment.live.length, 0);
    environment.pass(100_000);
    assert.equal(environment.requests.length + environment.live.length, 0);
    environment.show();
    assert.equal(environment.live.length, 1);
  });

  test("also where it was never shown", () => {
    const { environment, statuses } = open(undefined, (environment) => (environment.isVisible = false));
    environment.socket.accept("");
    environment.pass(61_000);
    assert.equal(statuses.at(-1), "paused");
  });

  for (const signal of ["pageshow", "online", "hidden"] as const) {
    test(`not even if ${signal} is heard`, () => {
      const { environment, statuses } = live();
      environment.hide();
      environment.pass(30_000);
      environment.signal(signal);
      environment.pass(30_000);
      assert.equal(statuses.at(-1), "paused");
      environment.signal(signal);
      environment.pass(100_000);
      assert.equal(environment.live.length, 0);
    });
  }

  test("also where it was opened behind another", () => {
    const { environment, statuses } = open(undefined, (environment) => (environment.isVisible = false));
    environment.signal("pageshow");
    environment.socket.accept("");
    environment.pass(61_000);
    assert.equal(statuses.at(-1), "paused");
  });

  test("has no socket either that the network took with it", () => {
    const { environment, statuses } = live();
    environment.hide();
    environment.signal("offline");
    assert.equal(environment.live.length, 0);
    environment.pass(61_000);
    assert.equal(statuses.at(-1), "paused");
    environment.signal("offline");
    environment.pass(100_000);
    assert.equal(environment.live.length, 0);
  });

  test("goes on where it is shown sooner", () => {
    const { environment, tell } = live();
    environment.hide();
    environment.pass(30_000);
    tell({});
    environment.show();
    environment.pass(35_000);
    assert.equal(environment.sockets.length, 1);
  });

  test("is left, and come back to", () => {
    const { environment, statuses } = live();
    environment.signal("pagehide");
    assert.equal(environment.live.length, 0);
    assert.equal(statuses.at(-1), "paused");
    environment.signal("pageshow");
    assert.equal(environment.live.length, 1);
  });

  test("comes back at once when the network does, and says meanwhile that its numbers are old", async () => {
    const { environment, statuses } = live();
    environment.signal("offline");
    assert.equal(environment.live.length, 0);
    environment.refusal = new Error("no network");
    environment.pass(1_500);
    environment.request.fail(new Error("no network"));
    await promises();
    assert.equal(statuses.at(-1), "stale");
    environment.refusal = undefined;
    environment.signal("online");
    assert.equal(environment.live.length, 1);
  });
});
