import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Connection, type StatusChange } from "../../src/client/connection.js";
import { TokenError, type Token } from "../../src/client/tokens.js";
import { encode } from "../../src/protocol/codec.js";
import type { ServerMessage } from "../../src/protocol/messages.js";
import { FakeEnvironment, promises } from "../support/environment.js";
import { welcome } from "../support/server.js";

const SOCKET = "ws://host/ws/presence/board/";
const HEARTBEAT = { type: "HEARTBEAT" } as const;
const JOIN = { type: "JOIN", board: 0, name: "Ada" } as const;

function connect(settings: Partial<FakeEnvironment> = {}, token?: Token) {
  const environment = Object.assign(new FakeEnvironment(), settings);
  const messages: ServerMessage[] = [];
  const statuses: StatusChange[] = [];
  const errors: string[] = [];
  const connection = new Connection(() => SOCKET, "Ada", environment, {
    message: (message) => void messages.push(message),
    status: (change) => void statuses.push(change),
    error: ({ message }) => void errors.push(message),
  }, token);
  connection.open();
  const last = () => [statuses.at(-1)?.status, statuses.at(-1)?.reason];
  return { environment, connection, messages, statuses, errors, last };
}

function welcomed() {
  const all = connect();
  all.environment.socket.accept().say(...welcome());
  all.environment.socket.take();
  return all;
}

/** A connection that has lasted long enough to count as stable. */
function stable() {
  const all = welcomed();
  all.environment.pass(6000);
  return all;
}

function waiting() {
  const all = stable();
  all.environment.socket.end(1006);
  return all;
}

test("a session offers the subprotocol, joins, and passes every message on in order", () => {
  const { environment, statuses, messages } = connect();
  assert.deepEqual([environment.socket.url, environment.socket.subprotocols], [SOCKET, ["presence.v1"]]);
  assert.deepEqual(environment.socket.accept().take(), [JOIN]);
  environment.socket.say(...welcome(), { type: "RATE", interval: 50 });
  assert.deepEqual(statuses.map(({ status }) => status), ["connecting", "open"]);
  assert.deepEqual(messages.map(({ type }) => type), ["WELCOME", "ROSTER", "PRESENCE_UPDATE", "RATE"]);
});

test("a session answers a probe at once, and a heartbeat never", () => {
  const { environment } = welcomed();
  environment.socket.say({ type: "PROBE", seq: 200 }, HEARTBEAT);
  assert.deepEqual(environment.socket.take(), [{ type: "PROBE", seq: 200 }]);
});

test("a session reports malformed frames and texts, and goes on", () => {
  const { environment, errors, messages, last } = welcomed();
  environment.socket.sayRaw(new ArrayBuffer(0));
  environment.socket.sayRaw("hello");
  environment.socket.say({ type: "NOTICE", code: 1, retry: 0 }, { type: "RATE", interval: 50 });
  assert.deepEqual(errors, [
    "malformed server frame: type none, 0 bytes",
    "the server sent a text message",
    "the server received a malformed frame from this client",
  ]);
  assert.deepEqual([messages.at(-1)?.type, ...last()], ["RATE", "open", undefined]);
});

test("a session leaves a server without the subprotocol", () => {
  const { environment, errors, last } = connect();
  environment.socket.accept("");
  assert.deepEqual([environment.socket.state, errors.length, ...last()], ["gone", 1, "waiting", "lost"]);
});

test("a session leaves a server that does not welcome it within 20 s", () => {
  const { environment } = connect();
  environment.socket.accept();
  environment.pass(20_000);
  assert.equal(environment.live.length, 0);
  environment.pass(500);
  assert.equal(environment.live.length, 1);
});

test("a session is over if the browser refuses the socket, or the token as a subprotocol", async () => {
  for (const token of [undefined, async () => "ä"]) {
    const { errors, last, environment } = connect({ refusal: new Error("insecure") }, token);
    await promises();
    assert.deepEqual([...last(), ...errors], ["closed", "refused", "insecure"]);
    assert.equal(environment.leftovers, 1, "the listener, until it is closed");
  }
});

test("closing leaves nothing behind from any phase, and the connection can be opened again", () => {
  for (const { environment, connection } of [connect(), welcomed(), stable(), waiting(), connect({ isVisible: false })]) {
    connection.close();
    assert.equal(environment.leftovers, 0);
    environment.signal("shown");
    assert.equal(environment.live.length, 0);
    connection.open();
    assert.equal(environment.live.length, 1);
  }
});

/** The ends of a session, which the server's tests read too. The tests run from presence/client/build. */
const { ends: leaving } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/leaving.json", import.meta.url), "utf8"),
) as { ends: { client?: keyof typeof ways; frames: string[]; code: number }[] };
const ways = {
  close: ({ connection }: ReturnType<typeof connect>) => connection.close(),
  return: ({ connection }: ReturnType<typeof connect>) => connection.close(true),
  pagehide: ({ environment }: ReturnType<typeof connect>) => environment.signal("pagehide"),
  silent: ({ environment }: ReturnType<typeof connect>) => environment.pass(40_000),
};

for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
  test(`a session ends as the vectors say: ${way}`, () => {
    const all = welcomed();
    const { socket } = all.environment;
    ways[way](all);
    const [expected, ...more] = leaving.filter(({ client }) => client === way);
    const said = socket.take().filter(({ type }) => type !== "HEARTBEAT");
    const frames = said.map((message) => Buffer.from(encode(message)).toString("hex"));
    assert.deepEqual([frames, socket.closedWith, more.length], [expected?.frames, expected?.code, 0]);
  });
}

test("a session that the server has not joined yet, or not any more, is left without a LEAVE", () => {
  const connecting = connect();
  connecting.connection.close();
  const refused = stable();
  refused.environment.socket.end(4403);
  refused.connection.close();
  for (const { environment } of [connecting, refused]) {
    assert.deepEqual([environment.socket.take().filter(({ type }) => type === "LEAVE"), environment.leftovers], [[], 0]);
  }
});

test("closing works within any event", () => {
  for (const when of ["connecting", "open", "waiting"]) {
    const environment = new FakeEnvironment();
    const seen: string[] = [];
    const connection: Connection = new Connection(() => SOCKET, "", environment, {
      message: ({ type }) => seen.push(type),
      status: ({ status }) => status === when && connection.close(),
      error: () => {},
    });
    connection.open();
    environment.sockets[0]?.accept().say(...welcome());
    environment.sockets[0]?.end(1006);
    assert.equal(environment.leftovers, 0, when);
    if (when === "open") assert.deepEqual(seen, []);
  }
});

test("a silent socket is replaced, without a goodbye", () => {
  const { environment } = welcomed();
  const first = environment.socket;
  environment.pass(39_999);
  assert.equal(first.state, "open");
  environment.pass(1);
  assert.deepEqual([first.state, first.closedWith], ["gone", 4408]);
  environment.pass(500);
  assert.equal(environment.live.length, 1);
});

for (const signal of ["offline", "online", "shown", "pageshow"] as const) {
  test(`an open socket is checked after ${signal}, and kept if any message arrives`, () => {
    const { environment } = welcomed();
    environment.signal("hidden");
    environment.pass(signal === "shown" || signal === "pageshow" ? 300_000 : 0);
    environment.isVisible = true;
    environment.socket.take();
    environment.signal(signal);
    assert.deepEqual(environment.socket.take(), [HEARTBEAT]);
    environment.socket.say({ type: "RATE", interval: 33 });
    environment.pass(14_000);
    environment.signal("online");
    assert.equal(environment.live.length, 1);
    environment.pass(5_000);
    assert.equal(environment.live.length, 0);
  });
}

test("reconnecting never ends, joins again, and waits longer each time until the connection is stable", () => {
  const { environment } = connect({ chance: 1 });
  const waits: number[] = [];
  for (let round = 0; round < 10; round++) {
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [JOIN]);
    environment.socket.say(...welcome());
    if (round === 9) environment.pass(6000);
    const [before, count] = [environment.time, environment.sockets.length];
    environment.socket.end(1006);
    while (environment.sockets.length === count) environment.pass(100);
    waits.push(environment.time - before);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 500]);
});

test("sockets that never open are tried ever more rarely, and at once when the page is shown or online", () => {
  const { environment, last } = connect({ chance: 1 });
  const refuse = () => environment.socket.end(1006);
  for (let round = 0; round < 20; round++) {
    refuse();
    while (environment.live.length === 0) environment.pass(1000);
  }
  refuse();
  assert.deepEqual(last(), ["waiting", "refused"]);
  const tried = environment.sockets.length;
  environment.pass(599_000);
  assert.equal(environment.sockets.length, tried, "in ten minutes");
  for (const signal of ["shown", "online"] as const) {
    environment.signal(signal);
    assert.equal(environment.live.length, 1);
    refuse();
  }
  environment.pass(601_000);
  environment.socket.accept().say(...welcome());
  assert.deepEqual(last(), ["open", undefined], "a server that was away is found again");
  environment.socket.end(1006);
  environment.pass(30_000);
  assert.equal(environment.live.length, 1, "and then it is asked as ever");
});

test("reconnecting never happens after a refusal, even if the page is shown or online", () => {
  const { environment, last } = stable();
  environment.socket.end(4403);
  assert.deepEqual(last(), ["closed", "forbidden"]);
  environment.pass(600_000);
  for (const signal of ["shown", "online", "pageshow"] as const) environment.signal(signal);
  assert.equal(environment.live.length, 0);
});

test("reconnecting does not happen sooner than the server allows, even if the page is shown", () => {
  const { environment, last } = stable();
  environment.socket.say({ type: "NOTICE", code: 7, retry: 10_000 }).end(1012);
  assert.deepEqual(last(), ["waiting", "restarting"]);
  for (const signal of ["hidden", "shown", "online"] as const) environment.signal(signal);
  environment.pass(4_999);
  assert.equal(environment.live.length, 0);
  environment.pass(1);
  environment.socket.end(1006);
  environment.pass(1_000);
  assert.equal(environment.live.length, 1, "the notice was for the first socket only");
});

test("a hidden page does not connect, but at once when it is shown", () => {
  const hidden = stable();
  hidden.environment.signal("hidden");
  hidden.environment.socket.end(1006);
  const hiddenLater = waiting();
  hiddenLater.environment.signal("hidden");
  for (const { environment, last } of [connect({ isVisible: false }), hidden, hiddenLater]) {
    assert.deepEqual([environment.live.length, last()[0]], [0, "waiting"]);
    environment.pass(600_000);
    assert.deepEqual([environment.live.length, ...last()], [0, "waiting", "hidden"]);
    environment.signal("shown");
    assert.equal(environment.live.length, 1);
  }
});

test("a page that is online again connects at once, with one socket for several signals", () => {
  const { environment, last } = waiting();
  environment.signal("offline");
  assert.deepEqual(last(), ["waiting", "lost"]);
  for (const signal of ["online", "pageshow", "shown"] as const) environment.signal(signal);
  environment.pass(10_000);
  assert.equal(environment.sockets.length, 2);
});

test("pagehide closes, and a page from the back-forward cache connects at once", () => {
  const { environment, last } = stable();
  environment.signal("pagehide");
  environment.signal("online");
  assert.equal(environment.socket.closedWith, 1000);
  assert.deepEqual(last(), ["waiting", "hidden"]);
  environment.pass(60_000);
  assert.equal(environment.live.length, 0);
  environment.signal("pageshow");
  assert.equal(environment.live.length, 1);
});

test("there is never more than one socket, also with a token", async () => {
  const { environment } = connect({}, async () => "abc");
  const signals = ["shown", "online", "pageshow", "pagehide", "hidden", "pageshow"] as const;
  for (let step = 0; step < 200; step++) {
    environment.signal(signals[step % signals.length] ?? "shown");
    if (step % 7 === 0) environment.sockets.at(-1)?.end(1006);
    if (step % 11 === 0) environment.pass(700);
    if (step % 3 === 0) await promises();
    assert.ok(environment.live.length <= 1);
  }
  assert.ok(environment.sockets.length > 10);
});

test("a connection with a token offers it beside the subprotocol, and never in the URL", () => {
  const { environment } = connect({}, "abc");
  assert.deepEqual(environment.socket.subprotocols, ["presence.v1", "presence.token.abc"]);
  assert.doesNotMatch(environment.socket.url, /abc/);
});

test("a connection with a token calls a function for each attempt, which may return a promise or not", async () => {
  let count = 0;
  const { environment } = connect({}, () => (++count === 1 ? "t1" : Promise.resolve(`t${count}`)));
  await promises();
  environment.socket.accept().say(...welcome()).end(1006);
  environment.pass(1000);
  await promises();
  const offered = environment.sockets.map(({ subprotocols }) => subprotocols[1]);
  assert.deepEqual(offered, ["presence.token.t1", "presence.token.t2"]);
});

test("a connection with a token ends as the close code of the refused token says", async () => {
  const { environment, last, errors } = connect({}, () => Promise.reject(new TokenError("no token", 4401)));
  await promises();
  assert.deepEqual([...last(), ...errors], ["closed", "sign-in", "no token"]);
  environment.pass(600_000);
  assert.equal(environment.sockets.length, 0);
});

test("a connection with a token backs off while the token view does not answer", async () => {
  let tries = 0;
  const { environment, last } = connect({}, () => ((tries += 1), Promise.reject(new TypeError("Failed to fetch"))));
  for (let round = 0; round < 100; round++) {
    await promises();
    environment.pass(1000);
  }
  assert.equal(last()[0], "waiting");
  assert.ok(tries > 3 && tries < 15, `${tries} tries in 100 s`);
});

const ends: [string, (all: ReturnType<typeof connect>) => void][] = [
  ["the connection is closed", ({ connection }) => connection.close()],
  ["the page is hidden", ({ environment }) => environment.signal("hidden")],
  ["the page is left", ({ environment }) => environment.signal("pagehide")],
  ["it takes 20 s", ({ environment }) => environment.pass(20_000)],
];
for (const [name, end] of ends) {
  test(`a connection with a token cancels the request when ${name}, and opens no socket`, async () => {
    let resolve: (token: string) => void = () => {};
    let cancelled: AbortSignal | undefined;
    const all = connect({}, (signal) => {
      cancelled = signal;
      return new Promise((done) => (resolve = done));
    });
    end(all);
    assert.equal(cancelled?.aborted, true);
    resolve("late");
    await promises();
    assert.deepEqual([all.environment.sockets, all.errors], [[], []]);
  });
}

