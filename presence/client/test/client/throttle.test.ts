import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "../../src/client/throttle.js";
import { ACTIVE, AWAY, OFF_BOARD, type Anchor } from "../../src/protocol/messages.js";

const update = (x: number, y = 0) => ({ type: "CURSOR_UPDATE", x, y });
const state = (state: number) => ({ type: "STATE", state });

/** A throttle of a session whose position `moved` was sent at 0, if given. */
function start({ interval = 33, spectator = false, moved }: { interval?: number; spectator?: boolean; moved?: number } = {}) {
  const throttle = new Throttle();
  throttle.start(interval, spectator);
  if (moved !== undefined) {
    throttle.move({ x: moved, y: 0 });
    assert.deepEqual(throttle.take(0), update(moved));
  }
  return throttle;
}

test("the first position goes at once, then the latest in each interval", () => {
  const throttle = start({ moved: 1 });
  throttle.move({ x: 2, y: 0 });
  assert.equal(throttle.take(32), undefined);
  assert.equal(throttle.wait(10), 23);
  throttle.move({ x: 3, y: 0 });
  assert.deepEqual(throttle.take(33), update(3));
  assert.equal(throttle.wait(33), undefined, "nothing is left to send");
  throttle.move({ x: 4, y: 0 });
  assert.equal(throttle.wait(500), 0, "after a pause the next goes at once");
});

const ANCHOR = [0, 9, 7, 8] as const;

test("an anchor is a part of the position", () => {
  const throttle = start();
  const send = (x: number, now: number, anchor?: Anchor) => {
    throttle.move(anchor ? { x, y: 0, anchor } : { x, y: 0 });
    return throttle.take(now);
  };
  assert.deepEqual(send(1, 0, ANCHOR), { ...update(1), anchor: ANCHOR });
  assert.equal(send(1, 100, ANCHOR), undefined);
  assert.deepEqual(send(1, 200, [0, 9, 7, 9]), { ...update(1), anchor: [0, 9, 7, 9] });
  assert.deepEqual(send(1, 300), update(1), "the pointer is on no anchor any more");
});

test("60 moves in a second become 30 updates, including the last", () => {
  const throttle = start();
  const sent: unknown[] = [];
  for (let now = 0; now <= 1030; now += 1) {
    if (now <= 1000 && now % 16 === 0) throttle.move({ x: now, y: 0 });
    const message = throttle.take(now);
    if (message) sent.push(message);
  }
  assert.ok(sent.length >= 29 && sent.length <= 32, `${sent.length} updates`);
  assert.deepEqual(sent.at(-1), update(992));
});

test("an unchanged position is not sent again", () => {
  const throttle = start({ moved: 1 });
  for (const x of [2, 1]) throttle.move({ x, y: 0 });
  assert.equal(throttle.take(1000), undefined);
});

test("a new interval applies at once, and 0 sends none", () => {
  const throttle = start({ moved: 1 });
  throttle.setInterval(0);
  for (const x of [2, 3]) throttle.move({ x, y: 0 });
  assert.deepEqual([throttle.take(100), throttle.wait(100)], [undefined, undefined]);
  throttle.setInterval(200);
  assert.equal(throttle.take(199), undefined);
  assert.deepEqual(throttle.take(200), update(3));
});

test("nothing is sent before the start, after the end, or by a spectator", () => {
  const throttle = new Throttle();
  throttle.setState(OFF_BOARD);
  assert.equal(throttle.take(0), undefined);
  throttle.start(33, false);
  throttle.stop();
  assert.equal(throttle.take(0), undefined);
  throttle.start(33, true);
  throttle.setState(OFF_BOARD);
  assert.equal(throttle.take(1000), undefined);
});

test("a new session sends everything again", () => {
  const throttle = start({ moved: 1 });
  throttle.start(33, false);
  assert.deepEqual(throttle.take(100), update(1));
  throttle.setState(OFF_BOARD);
  assert.deepEqual(throttle.take(200), state(OFF_BOARD));
  throttle.start(33, false);
  assert.deepEqual(throttle.take(300), state(OFF_BOARD));
});

test("a pointer that leaves sends state 1 once, and no position after it", () => {
  assert.equal(start().take(0), undefined, "a new session is active without a message");
  const throttle = start({ moved: 1 });
  throttle.move({ x: 2, y: 0 });
  throttle.setState(OFF_BOARD);
  assert.deepEqual(throttle.take(33), state(OFF_BOARD));
  throttle.setState(OFF_BOARD);
  assert.equal(throttle.take(1000), undefined);
});

test("a pointer that comes back sends its position, or state 0 if that is the same", () => {
  for (const [x, message] of [[3, update(3)], [1, state(ACTIVE)]] as const) {
    const throttle = start({ moved: 1 });
    throttle.setState(OFF_BOARD);
    throttle.take(100);
    throttle.move({ x, y: 0 });
    assert.deepEqual(throttle.take(200), message);
    assert.equal(throttle.take(1000), undefined);
  }
});

test("a hidden tab is away whatever the pointer did, and what it was when it is shown", () => {
  const throttle = start();
  throttle.setState(OFF_BOARD);
  throttle.take(0);
  throttle.setHidden(true);
  assert.deepEqual(throttle.take(200), state(AWAY));
  throttle.setHidden(false);
  assert.deepEqual(throttle.take(400), state(OFF_BOARD));
});

test("a pointer that trembles on the edge does not flood the server", () => {
  for (const interval of [0, 33, 1000]) {
    const throttle = start({ interval });
    let sent = 0;
    for (let now = 0; now < 1000; now += 1) {
      if (now % 2) throttle.move({ x: now, y: 0 });
      else throttle.setState(OFF_BOARD);
      if (throttle.take(now)) sent += 1;
    }
    assert.ok(sent > 0 && sent <= 31, `${sent} frames at an interval of ${interval}`);
  }
});

test("a state does not wait for a long interval, nor for company", () => {
  const slow = start({ interval: 2000, moved: 1 });
  slow.setState(OFF_BOARD);
  assert.equal(slow.wait(0), 100);
  const alone = start({ interval: 0 });
  alone.setState(OFF_BOARD);
  assert.deepEqual(alone.take(0), state(OFF_BOARD));
  alone.move({ x: 1, y: 0 });
  assert.deepEqual(alone.take(100), state(ACTIVE));
});
