import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_GLIDE, Motion, SHORTEST_GLIDE, TouchDetector } from "../../src/overlay/motion.js";

const at = (x: number, y = 0) => ({ x, y });

/** A cursor that was pushed to 0 at 0 and to `x` at `spacing`. */
function pushed(x: number, spacing: number, pace: number, snap = false): Motion {
  const motion = new Motion();
  motion.push(at(0), 0, pace);
  motion.push(at(x), spacing, pace, snap);
  return motion;
}

const near = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-9, `${value}, not ${expected}`);

test("a cursor jumps to its first position, leads beyond the next in one interval, slows down, and comes back in another", () => {
  const motion = new Motion();
  motion.push(at(0.1, 0.2), 0, 40);
  assert.deepEqual([motion.at(0), motion.moving(0)], [at(0.1, 0.2), false]);
  motion.push(at(0.2, 0.2), 40, 40);
  const places: [now: number, x: number][] = [[30, 0.1], [40, 0.1], [60, 0.165], [80, 0.23], [90, 0.23375], [100, 0.23], [110, 0.21875]];
  for (const [now, x] of places) near(motion.at(now).x, x);
  assert.equal(motion.at(80).y, 0.2);
  assert.deepEqual([motion.at(120), motion.at(1000)], [at(0.2, 0.2), at(0.2, 0.2)]);
  assert.deepEqual([41, 119, 120].map((now) => motion.moving(now)), [true, true, false]);
});

test("a cursor leads less after a longer time, and never out of the surface", () => {
  near(pushed(0.5, 400, 40).at(440).x, 0.5 + 0.5 * 0.3 * (40 / 400));
  const edge = pushed(0.99, 40, 40);
  for (let now = 40; now < 120; now += 1) assert.ok(edge.at(now).x <= 1, `${edge.at(now).x} at ${now}`);
  const motion = new Motion();
  motion.push(at(0.5, 1), 0, 40);
  motion.push(at(0, 0), 40, 40);
  assert.deepEqual(motion.at(80), at(0, 0));
});

test("a cursor goes on evenly and never turns back while positions come evenly, at any spacing", () => {
  for (const spacing of [16, 33, 50, 100, 240]) {
    const motion = new Motion();
    let last = 0;
    for (let step = 0; step < 20; step++) {
      motion.push(at(step / 20), step * spacing, spacing);
      for (let now = step * spacing; now < (step + 1) * spacing; now += 1) {
        const { x } = motion.at(now);
        assert.ok(x >= last - 1e-9 && x <= (step + 0.3) / 20 + 1e-9, `${x} between ${last} and ${step + 0.3} of 20`);
        if (step > 2) near(x, (step - 0.7 + now / spacing - step) / 20);
        last = x;
      }
    }
  }
});

test("a cursor does not jump when a position comes before it reached the last", () => {
  const motion = pushed(1, 50, 50);
  const before = motion.at(70).x;
  motion.push(at(0), 70, 50);
  assert.equal(motion.at(70).x, before);
  assert.ok(motion.at(75).x < before);
});

test("a cursor does not jump when many positions come at once", () => {
  const motion = pushed(0.1, 50, 50);
  const before = motion.at(2050).x;
  for (const x of [0.2, 0.4, 0.8]) motion.push(at(x), 2050, 50);
  assert.equal(motion.at(2050).x, before);
  assert.equal(motion.at(2150).x, 0.8);
});

test("a cursor glides for one pace, but for a time between the shortest and the longest", () => {
  const times: [number, number, number][] = [
    [1, 0, SHORTEST_GLIDE],
    [240, 0, 240],
    [LONGEST_GLIDE, 1000, LONGEST_GLIDE],
    [5000, 33, 33],
    [60, 33, 33],
    [1, 33, 33],
  ];
  for (const [spacing, pace, expected] of times) {
    const motion = pushed(1, spacing, pace);
    let time = 0;
    while (motion.moving(spacing + time)) time += 0.5;
    assert.equal(time, 2 * expected, `spacing ${spacing}, pace ${pace}`);
  }
});

test("a cursor jumps for people who want reduced motion", () => {
  const motion = pushed(1, 33, 33, true);
  assert.deepEqual([motion.at(33), motion.moving(33)], [at(1), false]);
});

/** How far each frame moves, in thousandths, while positions 10 apart come every 100 ms, plus or minus `jitter`. */
function steps(hertz: number, pace: number, jitter: number): number[] {
  const motion = new Motion();
  const arrivals = Array.from({ length: 40 }, (_, n) => n * 100 + (n % 2 ? jitter : -jitter));
  const places: number[] = [];
  for (let frame = 0; frame < 39 * 0.1 * hertz; frame++) {
    const now = (frame * 1000) / hertz;
    while (arrivals.length > 0 && (arrivals[0] as number) <= now) {
      motion.push(at((40 - arrivals.length) / 100), arrivals.shift() as number, pace);
    }
    places.push(motion.at(now).x * 1000);
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
  for (let n = 0; n < 20; n++) motion.push(at(n / 20), n * 100, 33);
  assert.equal(motion.moving(1900 + 199), true);
  motion.push(at(0.5), 5000, 33);
  assert.equal(motion.moving(5000 + 66), false);
  motion.push(at(0.6), 5100, 33);
  assert.equal(motion.moving(5100 + 66), false);
});

test("the glides do not slow down moves that wait for each other", () => {
  // Each move comes some time after the one before was seen, so that longer glides would space them further.
  const motion = new Motion();
  let now = 0;
  const times: number[] = [];
  for (let n = 0; n < 20; n++) {
    motion.push(at(n / 20), now, 33);
    let time = 0;
    while (motion.moving(now + time)) time += 1;
    times.push(time);
    now += time + 45;
  }
  times.sort((a, b) => a - b);
  assert.ok(times[10]! <= 66 && times[19]! <= 2 * LONGEST_GLIDE, String(times));
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
