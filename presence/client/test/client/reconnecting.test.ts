import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, stable, welcomed } from "../support/connecting.js";
import { welcoming } from "../support/fake.js";

describe("coming back", () => {
  test("after the back-off, and with a new JOIN", () => {
    const { environment, last } = stable();
    environment.socket.end(1006);
    assert.deepEqual(last(), ["waiting", "lost"]);
    environment.pass(249);
    assert.equal(environment.sockets.length, 1);
    environment.pass(1);
    environment.socket.accept();
    assert.deepEqual(environment.socket.take(), [{ type: "JOIN", board: 0, name: "Ada" }]);
  });

  test("for ever, each time later, up to 30 s", () => {
    const { environment } = connect((e) => (e.chance = 1));
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const [before, count] = [environment.time, environment.sockets.length];
      environment.socket.end(1006);
      while (environment.sockets.length === count) environment.pass(100);
      waits.push(environment.time - before);
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("a server that welcomes and hangs up at once is not hammered", () => {
    const { environment } = connect();
    for (const start = environment.time; environment.time < start + 120_000; environment.pass(10)) {
      if (environment.live.length) environment.socket.accept().say(...welcoming()).end(4408);
    }
    assert.ok(environment.sockets.length < 20, `${environment.sockets.length} sockets in two minutes`);
  });

  test("once it has held, the back-off starts anew", () => {
    const { environment } = connect((e) => (e.chance = 1));
    for (const wait of [500, 1000, 2000]) {
      environment.socket.end(1006);
      environment.pass(wait);
    }
    environment.socket.accept().say(...welcoming());
    environment.pass(6000);
    environment.socket.end(1006);
    environment.pass(500);
    assert.equal(environment.live.length, 1);
  });

  test("4408: at once", () => {
    const { environment } = stable();
    environment.socket.end(4408);
    environment.pass(0);
    assert.equal(environment.live.length, 1);
  });

  for (const code of [4400, 4401, 4403, 4404, 4409]) {
    test(`${code}: never, not even when shown or online`, () => {
      const { environment, last } = stable();
      environment.socket.end(code);
      assert.equal(last()[0], "closed");
      environment.pass(600_000);
      environment.show();
      environment.signal("online");
      environment.signal("pageshow");
      assert.equal(environment.live.length, 0);
    });
  }

  test("7: within retry, and not sooner for being shown again", () => {
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

  test("a notice holds for its own socket only", () => {
    const { environment } = stable();
    environment.socket.say({ type: "NOTICE", code: 8, retry: 5_000 }).end(1013);
    environment.pass(5_000);
    environment.socket.end(1006);
    environment.pass(1_000);
    assert.equal(environment.live.length, 1);
  });
});

describe("the page's life", () => {
  test("a page that loads hidden connects when it is shown", () => {
    const { environment, last } = connect((e) => (e.isVisible = false));
    assert.deepEqual([environment.sockets.length, ...last()], [0, "waiting", "hidden"]);
    environment.show();
    assert.equal(environment.live.length, 1);
  });

  test("a hidden page does not try; shown again it tries at once", () => {
    const { environment } = stable();
    environment.hide();
    environment.socket.end(1006);
    environment.pass(600_000);
    assert.equal(environment.sockets.length, 1);
    environment.show();
    assert.equal(environment.sockets.length, 2);
  });

  test("hidden while it waits, it stops waiting", () => {
    const { environment, last } = stable();
    environment.socket.end(1006);
    environment.hide();
    assert.deepEqual(last(), ["waiting", "hidden"]);
    environment.pass(600_000);
    assert.equal(environment.sockets.length, 1);
  });

  test("an open socket outlives a hidden tab", () => {
    const { environment } = stable();
    environment.hide();
    environment.pass(60_000);
    assert.equal(environment.live.length, 1);
  });

  test("online again it tries at once, with one socket whatever comes together", () => {
    const { environment } = connect((e) => (e.chance = 1));
    for (const wait of [500, 1000, 2000, 4000]) {
      environment.socket.end(1006);
      environment.pass(wait);
    }
    environment.socket.end(1006);
    const count = environment.sockets.length;
    environment.signal("online");
    environment.signal("pageshow");
    environment.show();
    assert.equal(environment.sockets.length, count + 1);
    environment.pass(10_000);
    assert.equal(environment.live.length, 1);
  });

  test("pagehide says goodbye; out of the back-forward cache it comes back at once", () => {
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
