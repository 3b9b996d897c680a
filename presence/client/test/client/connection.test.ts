import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Connection } from "../../src/client/connection.js";
import { URL, connect, stable, welcomed } from "../support/connecting.js";
import { FakeEnvironment, welcoming } from "../support/fake.js";

const HEARTBEAT = { type: "HEARTBEAT" } as const;

describe("a session", () => {
  test("offers the subprotocol and joins when open", () => {
    const { environment, statuses } = connect();
    assert.deepEqual([environment.socket.url, environment.socket.subprotocols], [URL, ["presence.v1"]]);
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [{ type: "JOIN", board: 0, name: "Ada" }]);
    environment.socket.say(...welcoming());
    assert.deepEqual(statuses.map(({ status }) => status), ["connecting", "open"]);
  });

  test("hands every message on, in order", () => {
    const { environment, messages } = welcomed();
    environment.socket.say({ type: "RATE", interval: 50 });
    assert.deepEqual(messages.map(({ type }) => type), ["WELCOME", "ROSTER", "PRESENCE_UPDATE", "RATE"]);
  });

  test("answers a probe at once, and a heartbeat never", () => {
    const { environment } = welcomed();
    environment.socket.say({ type: "PROBE", seq: 200 }, HEARTBEAT);
    assert.deepEqual(environment.socket.take(), [{ type: "PROBE", seq: 200 }]);
  });

  test("reports a malformed frame and text, and goes on", () => {
    const { environment, errors, messages } = welcomed();
    environment.socket.sayRaw(new ArrayBuffer(0));
    environment.socket.sayRaw("hello");
    environment.socket.say({ type: "RATE", interval: 50 });
    assert.deepEqual(errors, ["malformed server frame: type none, 0 bytes", "the server sent a text message"]);
    assert.equal(messages.at(-1)?.type, "RATE");
  });

  test("reports a notice of malformed frames, and stays", () => {
    const { environment, errors, last } = welcomed();
    environment.socket.say({ type: "NOTICE", code: 1, retry: 0 });
    assert.equal(errors.length, 1);
    assert.deepEqual(last(), ["open", undefined]);
  });

  test("a server of another protocol is left", () => {
    const { environment, errors, last } = connect();
    environment.socket.accept("");
    assert.equal(environment.socket.state, "gone");
    assert.equal(errors.length, 1);
    assert.deepEqual(last(), ["waiting", "lost"]);
  });

  test("where a socket is refused outright it is over", () => {
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
  test("says goodbye and leaves nothing behind", () => {
    const { environment, connection, last } = stable();
    connection.close();
    assert.equal(environment.socket.closedWith, 1000);
    assert.deepEqual(last(), ["closed", "left"]);
    assert.equal(environment.leftovers, 0);
  });

  test("from any phase", () => {
    const phases = [
      connect(),
      welcomed(),
      connect((e) => (e.isVisible = false)),
      (() => {
        const all = connect();
        all.environment.socket.end(1006);
        return all;
      })(),
    ];
    for (const { environment, connection } of phases) {
      connection.close();
      assert.equal(environment.leftovers, 0);
      environment.show();
      assert.equal(environment.live.length, 0);
    }
  });

  test("from within an event", () => {
    for (const when of ["connecting", "open", "waiting"]) {
      const environment = new FakeEnvironment();
      const seen: string[] = [];
      const connection: Connection = new Connection(() => URL, "", environment, {
        message: ({ type }) => seen.push(type),
        status: ({ status }) => status === when && connection.close(),
        error: () => {},
      });
      connection.open();
      environment.sockets[0]?.accept().say(...welcoming());
      environment.sockets[0]?.end(1006);
      assert.equal(environment.leftovers, 0, when);
      if (when === "open") assert.deepEqual(seen, []);
    }
  });

  test("opens again when asked", () => {
    const { environment, connection } = welcomed();
    environment.socket.end(4401);
    connection.open();
    assert.equal(environment.live.length, 1);
  });
});

describe("heartbeats and silence", () => {
  test("one every 15 s", () => {
    const { environment } = welcomed();
    for (const _ of [1, 2, 3, 4]) {
      environment.pass(14_999);
      assert.deepEqual(environment.socket.take(), []);
      environment.pass(1);
      assert.deepEqual(environment.socket.take(), [HEARTBEAT]);
      environment.socket.say(HEARTBEAT);
    }
  });

  test("a socket that is silent for 40 s is replaced, without a goodbye", () => {
    const { environment } = welcomed();
    const first = environment.socket;
    environment.pass(39_999);
    assert.equal(first.state, "open");
    environment.pass(1);
    assert.equal(first.state, "gone");
    assert.notEqual(first.closedWith, 1000);
    environment.pass(500);
    assert.equal(environment.live.length, 1);
    assert.notEqual(environment.socket, first);
  });

  test("anything that arrives is a sign of life", () => {
    const { environment } = welcomed();
    for (let seconds = 0; seconds < 120; seconds += 30) {
      environment.pass(30_000);
      environment.socket.say({ type: "RATE", interval: 33 });
    }
    assert.equal(environment.sockets.length, 1);
  });

  test("a hidden tab condemns nobody; shown again, it asks and waits 5 s", () => {
    const { environment } = welcomed();
    environment.hide();
    environment.pass(300_000);
    assert.equal(environment.socket.state, "open");
    environment.socket.take();
    environment.show();
    assert.deepEqual(environment.socket.take(), [HEARTBEAT]);
    environment.pass(4_999);
    assert.equal(environment.sockets.length, 1);
    environment.pass(600);
    assert.equal(environment.sockets.length, 2);
  });

  test("shown again, an answer keeps the socket", () => {
    const { environment } = welcomed();
    environment.hide();
    environment.pass(300_000);
    environment.show();
    environment.socket.say(HEARTBEAT);
    environment.pass(30_000);
    assert.equal(environment.sockets.length, 1);
  });

  test("shown again soon, nothing is asked", () => {
    const { environment } = welcomed();
    environment.pass(5_000);
    environment.hide();
    environment.show();
    assert.deepEqual(environment.socket.take(), []);
  });

  test("a server that never welcomes is left after 20 s", () => {
    const { environment } = connect();
    environment.socket.accept();
    environment.pass(20_000);
    assert.equal(environment.sockets[0]?.state, "gone");
    environment.pass(500);
    assert.equal(environment.sockets.length, 2);
  });
});

describe("the network goes and comes", () => {
  for (const signal of ["offline", "online"] as const) {
    test(`${signal}: an open socket is asked at once, and has 5 s to answer`, () => {
      const { environment } = welcomed();
      const first = environment.socket;
      environment.signal(signal);
      assert.deepEqual(first.take(), [HEARTBEAT]);
      environment.pass(4_999);
      assert.equal(first.state, "open");
      environment.pass(1);
      assert.equal(first.state, "gone");
    });

    test(`${signal}: who answers is kept`, () => {
      const { environment } = welcomed();
      environment.signal(signal);
      environment.pass(100);
      environment.socket.say(HEARTBEAT);
      environment.pass(14_000);
      assert.equal(environment.sockets.length, 1);
    });
  }

  test("offline says nothing to a client that waits", () => {
    const { environment, last } = stable();
    environment.socket.end(1006);
    environment.signal("offline");
    assert.deepEqual(last(), ["waiting", "lost"]);
    environment.pass(250);
    assert.equal(environment.live.length, 1);
  });
});

describe("the machine sleeps", () => {
  for (const nowGoesOn of [true, false]) {
    const clock = nowGoesOn ? "a clock that went on" : "a clock that stood still";

    test(`a minute, with ${clock}: within 5 s the socket is asked, and has 5 s to answer`, () => {
      const { environment } = welcomed();
      const first = environment.socket;
      environment.sleep(60_000, nowGoesOn);
      environment.pass(nowGoesOn ? 0 : 5_000);
      assert.deepEqual(first.take(), [HEARTBEAT]);
      environment.pass(5_000);
      assert.equal(first.state, "gone");
    });

    test(`a minute, with ${clock}: who answers is kept`, () => {
      const { environment } = welcomed();
      environment.sleep(60_000, nowGoesOn);
      environment.pass(nowGoesOn ? 0 : 5_000);
      environment.socket.say(HEARTBEAT);
      environment.pass(14_000);
      assert.equal(environment.sockets.length, 1);
    });

    test(`so long that the server has hung up, with ${clock}: the socket is replaced at once`, () => {
      const { environment } = stable();
      environment.sleep(600_000, nowGoesOn);
      environment.pass(5_000);
      assert.equal(environment.sockets[0]?.state, "gone");
      environment.pass(500);
      assert.equal(environment.live.length, 1);
    });
  }

  test("a hidden tab's slow timers are no sleep", () => {
    const { environment } = welcomed();
    environment.hide();
    environment.sleep(600_000, true);
    environment.pass(15_000);
    assert.equal(environment.sockets.length, 1);
  });
});
