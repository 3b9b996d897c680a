import assert from "node:assert/strict";
import { test } from "node:test";
import { GLIDE_AFTER_PAUSE, LONGEST_GLIDE, Motion, SHORTEST_GLIDE, TouchDetector } from "../../src/overlay/motion.js";

const at = (x: number, y = 0) => ({ x, y });

/** A cursor that was pushed to 0 at 0 and to `x` at `spacing`. */
function pushed(x: number, spacing: number, pace: number, snap = false): Motion {
  const motion = new Motion();
  motion.push(at(0), 0, pace);
  motion.push(at(x), spacing, pace, snap);
  return motion;
}

test("a cursor jumps to its first position, and glides to the next in one interval", () => {
  const motion = new Motion();
  motion.push(at(10, 20), 0, 33);
  assert.deepEqual([motion.at(0), motion.moving(0)], [at(10, 20), false]);
  motion.push(at(20, 20), 33, 33);
  assert.deepEqual([30, 33, 49.5, 66].map((now) => motion.at(now).x), [10, 10, 15, 20], "never before the start");
  assert.deepEqual([motion.moving(34), motion.moving(66)], [true, false]);
});

test("a cursor never overshoots or turns back, at any spacing", () => {
  for (const spacing of [1, 16, 33, 50, 100, 240, 400]) {
    const motion = new Motion();
    let last = 0;
    for (let step = 0; step < 20; step++) {
      motion.push(at(step), step * spacing, 0);
      for (let now = step * spacing; now < (step + 1) * spacing; now += 1) {
        const { x } = motion.at(now);
        assert.ok(x >= last && x <= step, `${x} between ${last} and ${step}`);
        last = x;
      }
    }
  }
});

test("a cursor does not jump when a position comes before it reached the last", () => {
  const motion = pushed(100, 50, 0);
  const before = motion.at(70).x;
  motion.push(at(0), 70, 0);
  assert.equal(motion.at(70).x, before);
  assert.ok(motion.at(75).x < before);
});

test("a cursor glides for a time between the shortest and the longest", () => {
  const times: [number, number, number][] = [
    [1, 33, SHORTEST_GLIDE],
    [240, 0, 240],
    [LONGEST_GLIDE, 1000, LONGEST_GLIDE],
    [5000, 33, GLIDE_AFTER_PAUSE],
    [60, 33, 33],
    [240, 33, GLIDE_AFTER_PAUSE],
  ];
  for (const [spacing, pace, expected] of times) {
    const motion = pushed(1, spacing, pace);
    let time = 0;
    while (motion.moving(spacing + time)) time += 0.5;
    assert.equal(time, expected, `spacing ${spacing}, pace ${pace}`);
  }
});

test("a cursor jumps for people who want reduced motion", () => {
  const motion = pushed(1, 33, 33, true);
  assert.deepEqual([motion.at(33), motion.moving(33)], [at(1), false]);
});

/** How far each frame moves while positions 10 apart come every 100 ms, plus or minus `jitter`. */
function steps(hertz: number, pace: number, jitter: number): number[] {
  const motion = new Motion();
  const arrivals = Array.from({ length: 40 }, (_, n) => n * 100 + (n % 2 ? jitter : -jitter));
  const places: number[] = [];
  for (let frame = 0; frame < 39 * 0.1 * hertz; frame++) {
    const now = (frame * 1000) / hertz;
    while (arrivals.length > 0 && (arrivals[0] as number) <= now) {
      motion.push(at((40 - arrivals.length) * 10), arrivals.shift() as number, pace);
    }
    places.push(motion.at(now).x);
  }
  // Motion may be rough until the rate is known.
  return places.slice(2 * hertz).map((place, n, all) => place - (all[n - 1] ?? place)).slice(1);
}

test("ten updates a second are smooth", () => {
  for (const hertz of [60, 120]) {
    for (const pace of [0, 33, 100]) {
      for (const jitter of [0, 8, 12]) {
        const moved = steps(hertz, pace, jitter);
        const even = 100 / hertz;
        const message = `${hertz} Hz, pace ${pace}, jitter ${jitter}: ${Math.max(...moved)} in a frame, even is ${even}`;
        assert.ok(Math.min(...moved) > 0 && Math.max(...moved) < even * 1.6, message);
      }
    }
  }
});

test("a steady rate is forgotten after a pause", () => {
  const motion = new Motion();
  for (let n = 0; n < 20; n++) motion.push(at(n), n * 100, 33);
  assert.equal(motion.moving(1900 + 99), true);
  motion.push(at(50), 5000, 33);
  assert.deepEqual(motion.at(5000 + GLIDE_AFTER_PAUSE), at(50));
  motion.push(at(60), 5100, 33);
  assert.deepEqual(motion.at(5100 + GLIDE_AFTER_PAUSE), at(60));
});

test("the glides do not slow down moves that wait for each other", () => {
  // Each move comes some time after the one before was seen, so that longer glides would space them further.
  const motion = new Motion();
  let now = 0;
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    motion.push(at(n), now, 33);
    let time = 0;
    while (motion.moving(now + time)) time += 1;
    times.push(time);
    now += time + 45;
  }
  times.sort((a, b) => a - b);
  assert.ok(times[15]! <= 33 && times[19]! <= 125, String(times));
});

test("a cursor is a touch until it has a second position", () => {
  const detector = new TouchDetector();
  assert.equal(detector.isTouch, false);
  const moves: [x: number, visible: boolean, live: boolean, begins: boolean, isTouch: boolean][] = [
    [1, false, false, false, false], // there before this session: an arrow
    [1, false, true, true, true], // appears: a touch
    [1, true, true, false, true], // the same position again
    [2, true, true, false, false], // a second position: an arrow
    [1, true, true, false, false], // back at the first one
    [1, false, true, true, true], // appears again: another touch
  ];
  for (const [x, visible, live, begins, isTouch] of moves) {
    assert.equal(detector.move(at(x), visible, live), begins);
    assert.equal(detector.isTouch, isTouch);
  }
});
