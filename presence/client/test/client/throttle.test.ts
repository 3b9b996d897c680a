import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ACTIVE, AWAY, OFF_BOARD } from "../../src/protocol/protocol.js";
import { Throttle } from "../../src/client/throttle.js";

const update = (x: number, y = 0) => ({ type: "CURSOR_UPDATE", x, y });
const state = (state: number) => ({ type: "STATE", state });

function welcomed(interval = 33, spectator = false): Throttle {
  const throttle = new Throttle();
  throttle.welcome(interval, spectator);
  return throttle;
}

describe("pace", () => {
  test("the first move goes at once, then one per interval, always the latest", () => {
    const throttle = welcomed(33);
    throttle.move({ x: 1, y: 0 });
    assert.deepEqual(throttle.take(100), update(1));
    throttle.move({ x: 2, y: 0 });
    assert.equal(throttle.take(132), undefined);
    assert.equal(throttle.wait(110), 23);
    throttle.move({ x: 3, y: 0 });
    assert.deepEqual(throttle.take(133), update(3));
    assert.equal(throttle.wait(133), undefined, "nothing is left to say");
  });

  test("60 moves a second for a second become 30 updates, the last one included", () => {
    const throttle = welcomed(33);
    const sent: unknown[] = [];
    for (let now = 0; now <= 1030; now += 1) {
      if (now <= 1000 && now % 16 === 0) throttle.move({ x: now, y: 0 });
      const message = throttle.take(now);
      if (message) sent.push(message);
    }
    assert.ok(sent.length >= 29 && sent.length <= 32, `${sent.length} updates`);
    assert.deepEqual(sent.at(-1), update(992));
  });

  test("after a pause the next move waits for nothing", () => {
    const throttle = welcomed(33);
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.move({ x: 2, y: 0 });
    assert.equal(throttle.wait(500), 0);
  });

  test("an unchanged position is not sent again", () => {
    const throttle = welcomed(33);
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.move({ x: 2, y: 0 });
    throttle.move({ x: 1, y: 0 });
    assert.equal(throttle.take(1000), undefined);
  });

  test("an interval of 0 sends nothing; when it ends the latest position goes", () => {
    const throttle = welcomed(0);
    throttle.move({ x: 1, y: 0 });
    throttle.move({ x: 2, y: 0 });
    assert.equal(throttle.take(1000), undefined);
    assert.equal(throttle.wait(1000), undefined);
    throttle.pace(33);
    assert.deepEqual(throttle.take(1000), update(2));
  });

  test("a longer interval holds at once", () => {
    const throttle = welcomed(33);
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.pace(200);
    throttle.move({ x: 2, y: 0 });
    assert.equal(throttle.take(199), undefined);
    assert.deepEqual(throttle.take(200), update(2));
  });
});

describe("who is heard", () => {
  test("nobody before the welcome, and nobody after the end", () => {
    const throttle = new Throttle();
    throttle.move({ x: 1, y: 0 });
    assert.equal(throttle.take(0), undefined);
    throttle.welcome(33, false);
    throttle.silence();
    assert.equal(throttle.take(0), undefined);
  });

  test("no spectator", () => {
    const throttle = welcomed(33, true);
    throttle.move({ x: 1, y: 0 });
    throttle.restate(OFF_BOARD);
    assert.equal(throttle.take(1000), undefined);
  });

  test("a new welcome says everything again", () => {
    const throttle = welcomed();
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.silence();
    throttle.welcome(33, false);
    assert.deepEqual(throttle.take(100), update(1));
    throttle.restate(OFF_BOARD);
    assert.deepEqual(throttle.take(200), state(OFF_BOARD));
    throttle.welcome(33, false);
    assert.deepEqual(throttle.take(300), state(OFF_BOARD));
  });
});

describe("states", () => {
  test("a fresh session is active without saying so", () => {
    assert.equal(welcomed().take(0), undefined);
  });

  test("the pointer leaves: state 1 once, and no position after it", () => {
    const throttle = welcomed();
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.move({ x: 2, y: 0 });
    throttle.restate(OFF_BOARD);
    assert.deepEqual(throttle.take(33), state(OFF_BOARD));
    throttle.restate(OFF_BOARD);
    assert.equal(throttle.take(1000), undefined);
  });

  test("the pointer comes back: the update itself says so", () => {
    const throttle = welcomed();
    throttle.restate(OFF_BOARD);
    throttle.take(0);
    throttle.move({ x: 3, y: 0 });
    assert.deepEqual(throttle.take(100), update(3));
    assert.equal(throttle.take(1000), undefined);
  });

  test("it comes back to where it was: state 0", () => {
    const throttle = welcomed();
    throttle.move({ x: 3, y: 0 });
    throttle.take(0);
    throttle.restate(OFF_BOARD);
    throttle.take(100);
    throttle.move({ x: 3, y: 0 });
    assert.deepEqual(throttle.take(200), state(ACTIVE));
  });

  test("a hidden tab is away, whatever the pointer did, and shown again it is what it was", () => {
    const throttle = welcomed();
    throttle.restate(OFF_BOARD);
    throttle.take(0);
    throttle.hide(true);
    assert.deepEqual(throttle.take(200), state(AWAY));
    throttle.hide(false);
    assert.deepEqual(throttle.take(400), state(OFF_BOARD));
  });

  test("a pointer that trembles on the edge is no flood", () => {
    for (const interval of [0, 33, 1000]) {
      const throttle = welcomed(interval);
      let sent = 0;
      for (let now = 0; now < 1000; now += 1) {
        if (now % 2) throttle.move({ x: now, y: 0 });
        else throttle.restate(OFF_BOARD);
        if (throttle.take(now)) sent += 1;
      }
      assert.ok(sent > 0 && sent <= 31, `${sent} frames at an interval of ${interval}`);
    }
  });

  test("a state does not wait for a long interval", () => {
    const throttle = welcomed(2000);
    throttle.move({ x: 1, y: 0 });
    throttle.take(0);
    throttle.restate(OFF_BOARD);
    assert.equal(throttle.wait(0), 100);
  });

  test("alone on the board a state is told, for whoever comes", () => {
    const throttle = welcomed(0);
    throttle.restate(OFF_BOARD);
    assert.deepEqual(throttle.take(0), state(OFF_BOARD));
    throttle.move({ x: 1, y: 0 });
    assert.deepEqual(throttle.take(100), state(ACTIVE));
  });
});
