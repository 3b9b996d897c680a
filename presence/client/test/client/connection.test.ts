import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Connection, type StatusChange } from "../../src/client/connection.js";
import { TokenError, type Token } from "../../src/client/tokens.js";
import type { ServerMessage } from "../../src/protocol/messages.js";
import { FakeEnvironment, promises } from "../support/environment.js";
import { welcome } from "../support/server.js";

const URL = "ws://host/ws/presence/board/";
const HEARTBEAT = { type: "HEARTBEAT" } as const;
const JOIN = { type: "JOIN", board: 0, name: "Ada" } as const;

function connect(prepare: (environment: FakeEnvironment) => void = () => {}, token?: Token) {
  const environment = new FakeEnvironment();
  prepare(environment);
  const messages: ServerMessage[] = [];
  const statuses: StatusChange[] = [];
  const errors: string[] = [];
  const events = {
    message: (message: ServerMessage) => void messages.push(message),
    status: (change: StatusChange) => void statuses.push(change),
    error: ({ message }: Error) => void errors.push(message),
  };
  const connection = new Connection(() => URL, "Ada", environment, events, token);
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

describe("a session", () => {
  test("offers the subprotocol, joins, and passes every message on in order", () => {
    const { environment, statuses, messages } = connect();
    assert.deepEqual([environment.socket.url, environment.socket.subprotocols], [URL, ["presence.v1"]]);
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [JOIN]);
    environment.socket.say(...welcome(), { type: "RATE", interval: 50 });
    assert.deepEqual(statuses.map(({ status }) => status), ["connecting", "open"]);
    assert.deepEqual(messages.map(({ type }) => type), ["WELCOME", "ROSTER", "PRESENCE_UPDATE", "RATE"]);
  });

  test("answers a probe at once, and a heartbeat never", () => {
    const { environment } = welcomed();
    environment.socket.say({ type: "PROBE", seq: 200 }, HEARTBEAT);
    assert.deepEqual(environment.socket.take(), [{ type: "PROBE", seq: 200 }]);
  });

  test("reports malformed frames and texts, and goes on", () => {
    const { environment, errors, messages, last } = welcomed();
    environment.socket.sayRaw(new ArrayBuffer(0));
    environment.socket.sayRaw("hello");
    environment.socket.say({ type: "NOTICE", code: 1, retry: 0 }, { type: "RATE", interval: 50 });
    assert.deepEqual(errors, [
      "malformed server frame: type none, 0 bytes",
      "the server sent a text message",
      "the server received a malformed frame from this client",
    ]);
    assert.equal(messages.at(-1)?.type, "RATE");
    assert.deepEqual(last(), ["open", undefined]);
  });

  test("leaves a server without the subprotocol", () => {
    const { environment, errors, last } = connect();
    environment.socket.accept("");
    assert.equal(environment.socket.state, "gone");
    assert.equal(errors.length, 1);
    assert.deepEqual(last(), ["waiting", "lost"]);
  });

  test("leaves a server that does not welcome it within 20 s", () => {
    const { environment } = connect();
    environment.socket.accept();
    environment.pass(20_000);
    assert.equal(environment.sockets[0]?.state, "gone");
    environment.pass(500);
    assert.equal(environment.sockets.length, 2);
  });

  test("is over if the browser refuses the socket", () => {
    const { errors, last, environment } = connect((e) => (e.refusal = new Error("insecure")));
    assert.deepEqual(errors, ["insecure"]);
    assert.deepEqual(last(), ["closed", "refused"]);
    environment.pass(100_000);
    assert.equal(environment.sockets.length, 0);
  });

  test("is congested while frames queue up", () => {
    const { environment, connection } = welcomed();
    assert.equal(connection.congested, false);
    environment.socket.buffered = 5000;
    assert.equal(connection.congested, true);
  });
});

describe("closing", () => {
  test("says goodbye", () => {
    const { environment, connection, last } = stable();
    connection.close();
    assert.equal(environment.socket.closedWith, 1000);
    assert.deepEqual(last(), ["closed", "left"]);
  });

  test("leaves nothing behind from any phase", () => {
    const waiting = connect();
    waiting.environment.socket.end(1006);
    for (const { environment, connection } of [connect(), welcomed(), stable(), connect((e) => (e.isVisible = false)), waiting]) {
      connection.close();
      assert.equal(environment.leftovers, 0);
      environment.show();
      assert.equal(environment.live.length, 0);
    }
  });

  test("works within any event", () => {
    for (const when of ["connecting", "open", "waiting"]) {
      const environment = new FakeEnvironment();
      const seen: string[] = [];
      const connection: Connection = new Connection(() => URL, "", environment, {
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

  test("a connection can be opened again", () => {
    const { environment, connection } = welcomed();
    environment.socket.end(4401);
    connection.open();
    assert.equal(environment.live.length, 1);
  });
});

describe("heartbeats", () => {
  test("a silent socket is replaced, without a goodbye", () => {
    const { environment } = welcomed();
    const first = environment.socket;
    environment.pass(39_999);
    assert.ok(environment.socket.take().every(({ type }) => type === "HEARTBEAT"));
    environment.pass(1);
    assert.deepEqual([first.state, first.closedWith], ["gone", 4408]);
    environment.pass(500);
    assert.equal(environment.live.length, 1);
    assert.notEqual(environment.socket, first);
  });

  test("an open socket is checked when the network changes or the page is shown", () => {
    for (const change of ["offline", "online", "shown", "pageshow"] as const) {
      const { environment } = welcomed();
      const first = environment.socket;
      if (change === "shown" || change === "pageshow") {
        environment.hide();
        environment.pass(300_000);
        first.take();
        environment.isVisible = true;
      }
      environment.signal(change);
      assert.deepEqual(first.take(), [HEARTBEAT], change);
      environment.pass(5_000);
      assert.equal(first.state, "gone");
    }
  });

  test("any message keeps a socket that is checked", () => {
    const { environment } = welcomed();
    environment.signal("online");
    environment.pass(100);
    environment.socket.say({ type: "RATE", interval: 33 });
    environment.pass(14_000);
    assert.equal(environment.sockets.length, 1);
  });

  test("offline changes nothing while the connection is waiting", () => {
    const { environment, last } = stable();
    environment.socket.end(1006);
    environment.signal("offline");
    assert.deepEqual(last(), ["waiting", "lost"]);
    environment.pass(250);
    assert.equal(environment.live.length, 1);
  });
});

describe("reconnecting", () => {
  test("happens after the back-off, with a new JOIN", () => {
    const { environment, last } = stable();
    environment.socket.end(1006);
    assert.deepEqual(last(), ["waiting", "lost"]);
    environment.pass(249);
    assert.equal(environment.sockets.length, 1);
    environment.pass(1);
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [JOIN]);
  });

  test("never ends, and waits longer each time until the connection is stable", () => {
    const { environment } = connect((e) => (e.chance = 1));
    const waits: number[] = [];
    for (let round = 0; round < 10; round++) {
      if (round === 9) {
        environment.socket.accept().say(...welcome());
        environment.pass(6000);
      }
      const [before, count] = [environment.time, environment.sockets.length];
      environment.socket.end(1006);
      while (environment.sockets.length === count) environment.pass(100);
      waits.push(environment.time - before);
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 500]);
  });

  test("spares a server that welcomes and hangs up at once", () => {
    const { environment } = connect();
    for (const start = environment.time; environment.time < start + 120_000; environment.pass(10)) {
      if (environment.live.length) environment.socket.accept().say(...welcome()).end(4408);
    }
    assert.ok(environment.sockets.length < 20, `${environment.sockets.length} sockets in two minutes`);
  });

  test("never happens after a refusal, even if the page is shown or online", () => {
    const { environment, last } = stable();
    environment.socket.end(4403);
    assert.deepEqual(last(), ["closed", "forbidden"]);
    environment.pass(600_000);
    environment.show();
    environment.signal("online");
    environment.signal("pageshow");
    assert.equal(environment.live.length, 0);
  });

  test("does not happen sooner than the server allows, even if the page is shown", () => {
    const { environment, last } = stable();
    environment.socket.say({ type: "NOTICE", code: 7, retry: 10_000 }).end(1012);
    assert.deepEqual(last(), ["waiting", "restarting"]);
    environment.hide();
    environment.show();
    environment.signal("online");
    environment.pass(4_999);
    assert.equal(environment.live.length, 0);
    environment.pass(1);
    assert.equal(environment.live.length, 1);
  });

  test("forgets the notices of an earlier socket", () => {
    const { environment } = stable();
    environment.socket.say({ type: "NOTICE", code: 8, retry: 5_000 }).end(1013);
    environment.pass(5_000);
    environment.socket.end(1006);
    environment.pass(1_000);
    assert.equal(environment.live.length, 1);
  });
});

describe("the page's lifecycle", () => {
  test("a page that loads hidden connects when it is shown", () => {
    const { environment, last } = connect((e) => (e.isVisible = false));
    assert.deepEqual([environment.sockets.length, ...last()], [0, "waiting", "hidden"]);
    environment.show();
    assert.equal(environment.live.length, 1);
  });

  test("a hidden page does not reconnect, and connects at once when it is shown", () => {
    for (const hiddenFirst of [true, false]) {
      const { environment, last } = stable();
      if (hiddenFirst) environment.hide();
      environment.socket.end(1006);
      if (!hiddenFirst) {
        environment.hide();
        assert.deepEqual(last(), ["waiting", "hidden"]);
      }
      environment.pass(600_000);
      assert.equal(environment.sockets.length, 1);
      environment.show();
      assert.equal(environment.sockets.length, 2);
    }
  });

  test("an open socket survives a hidden tab", () => {
    const { environment } = stable();
    environment.hide();
    environment.pass(60_000);
    assert.equal(environment.live.length, 1);
  });

  test("several signals at once open one socket", () => {
    const { environment } = connect((e) => (e.chance = 1));
    environment.socket.end(1006);
    environment.signal("online");
    environment.signal("pageshow");
    environment.show();
    assert.equal(environment.sockets.length, 2);
    environment.pass(10_000);
    assert.equal(environment.live.length, 1);
  });

  test("pagehide says goodbye, and a page from the back-forward cache connects at once", () => {
    const { environment, last } = stable();
    environment.signal("pagehide");
    environment.hide();
    assert.equal(environment.socket.closedWith, 1000);
    assert.deepEqual(last(), ["waiting", "hidden"]);
    environment.pass(60_000);
    assert.equal(environment.live.length, 0);
    environment.isVisible = true;
    environment.signal("pageshow");
    environment.signal("shown");
    assert.equal(environment.live.length, 1);
  });

  test("there is never more than one socket", () => {
    const { environment } = welcomed();
    const signals = ["shown", "online", "pageshow", "pagehide", "hidden", "pageshow"] as const;
    for (let step = 0; step < 200; step++) {
      environment.signal(signals[step % signals.length] ?? "shown");
      if (step % 7 === 0) environment.socket.end(1006);
      if (step % 11 === 0) environment.pass(700);
      assert.ok(environment.live.length <= 1);
    }
  });
});

describe("a connection with a token", () => {
  test("offers it beside the subprotocol, and never in the URL", () => {
    const { environment } = connect(undefined, "abc");
    assert.deepEqual(environment.socket.subprotocols, ["presence.v1", "presence.token.abc"]);
    assert.doesNotMatch(environment.socket.url, /abc/);
  });

  test("calls a function for each attempt, which may return a promise or not", async () => {
    let count = 0;
    const { environment } = connect(undefined, () => (++count === 1 ? "t1" : Promise.resolve(`t${count}`)));
    await promises();
    environment.socket.accept().say(...welcome()).end(1006);
    environment.pass(1000);
    await promises();
    const offered = environment.sockets.map(({ subprotocols }) => subprotocols[1]);
    assert.deepEqual(offered, ["presence.token.t1", "presence.token.t2"]);
  });

  test("ends as the close code of the refused token says", async () => {
    const { environment, last, errors } = connect(undefined, () => Promise.reject(new TokenError("no token", 4401)));
    await promises();
    assert.deepEqual([...last(), ...errors], ["closed", "sign-in", "no token"]);
    environment.pass(600_000);
    assert.equal(environment.sockets.length, 0);
  });

  test("backs off while the token view does not answer", async () => {
    const tries: number[] = [];
    const { environment, last } = connect(undefined, () => {
      tries.push(environment.time);
      return Promise.reject(new TypeError("Failed to fetch"));
    });
    for (let round = 0; round < 100; round++) {
      await promises();
      environment.pass(1000);
    }
    assert.equal(last()[0], "waiting");
    assert.ok(tries.length > 3 && tries.length < 15, `${tries.length} tries in 100 s`);
  });

  test("does not wait for a token for ever", async () => {
    const { environment } = connect(undefined, () => new Promise<string>(() => {}));
    environment.pass(20_000);
    await promises();
    assert.equal(environment.sockets.length, 0);
    assert.equal(environment.leftovers, 2, "the listener, and the timer of the next attempt");
  });

  test("is over if the browser refuses the token", async () => {
    const { environment, last } = connect((e) => (e.refusal = new SyntaxError("bad subprotocol")), async () => "ä");
    await promises();
    assert.deepEqual(last(), ["closed", "refused"]);
    assert.equal(environment.leftovers, 1, "the listener, until it is closed");
  });

  const ends: [string, (all: ReturnType<typeof connect>) => void][] = [
    ["closed", ({ connection }) => connection.close()],
    ["hidden", ({ environment }) => environment.hide()],
    ["left", ({ environment }) => environment.signal("pagehide")],
  ];
  for (const [name, end] of ends) {
    test(`cancels the request when the page is ${name}, and opens no socket`, async () => {
      let resolve: (token: string) => void = () => {};
      let cancelled: AbortSignal | undefined;
      const all = connect(undefined, (signal) => {
        cancelled = signal;
        return new Promise((done) => (resolve = done));
      });
      end(all);
      assert.equal(cancelled?.aborted, true);
      resolve("late");
      await promises();
      assert.equal(all.environment.sockets.length, 0);
      assert.deepEqual(all.errors, []);
    });
  }

  test("opens one socket if the page is shown during a request", async () => {
    const { environment } = connect(undefined, async () => "abc");
    environment.hide();
    environment.show();
    environment.signal("online");
    await promises();
    assert.equal(environment.sockets.length, 1);
  });
});
