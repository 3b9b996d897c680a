import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AFTER_PAUSE, LONGEST, Motion, SHORTEST } from "../../src/overlay/motion.js";

const at = (x: number, y = 0) => ({ x, y });

describe("one cursor", () => {
  test("appears where it is", () => {
    const motion = new Motion();
    motion.push(at(10, 20), 0, 33);
    assert.deepEqual(motion.at(0), at(10, 20));
    assert.equal(motion.moving(0), false);
  });

  test("glides to the next point in about one interval and ends exactly on it", () => {
    const motion = new Motion();
    motion.push(at(0), 0, 33);
    motion.push(at(0.1), 33, 33);
    assert.equal(motion.moving(34), true);
    const half = motion.at(33 + 16.5).x;
    assert.ok(half > 0.04 && half < 0.06, String(half));
    assert.deepEqual(motion.at(33 + 33), at(0.1));
    assert.equal(motion.moving(33 + 33), false);
  });

  test("never overshoots nor turns back, at any spacing", () => {
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

  test("does not jump when a point comes before the last was reached", () => {
    const motion = new Motion();
    motion.push(at(0), 0, 0);
    motion.push(at(100), 50, 0);
    const before = motion.at(70).x;
    motion.push(at(0), 70, 0);
    assert.equal(motion.at(70).x, before);
    assert.ok(motion.at(75).x < before);
  });

  test("takes between the shortest and the longest time", () => {
    const time = (spacing: number, pace: number) => {
      const motion = new Motion();
      motion.push(at(0), 0, pace);
      motion.push(at(1), spacing, pace);
      for (let spent = 0; ; spent += 0.5) if (!motion.moving(spacing + spent)) return spent;
    };
    assert.equal(time(1, 33), SHORTEST);
    assert.equal(time(240, 0), 240);
    assert.equal(time(LONGEST, 1000), LONGEST);
    assert.equal(time(5000, 33), AFTER_PAUSE);
    assert.equal(time(60, 33), 33);
    assert.equal(time(240, 33), AFTER_PAUSE, "in a fast room nobody waits for a slow hand");
    assert.ok(AFTER_PAUSE <= 60);
  });

  test("snaps for those who want no motion", () => {
    const motion = new Motion();
    motion.push(at(0), 0, 33);
    motion.push(at(1), 33, 33, true);
    assert.deepEqual(motion.at(33), at(1));
    assert.equal(motion.moving(33), false);
  });

  test("a clock that lags behind the push shows no place before the start", () => {
    const motion = new Motion();
    motion.push(at(0), 0, 33);
    motion.push(at(1), 33, 33);
    assert.deepEqual(motion.at(30), at(0));
  });
});

describe("ten updates a second", () => {
  /** How far each frame moves, while points 10 apart come every 100 ms, give or take `jitter`. */
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
    // What comes before the rate is known may be rough.
    return places.slice(2 * hertz).map((place, n, all) => place - (all[n - 1] ?? place)).slice(1);
  }

  for (const hertz of [60, 120]) {
    for (const pace of [0, 33, 100]) {
      test(`are smooth at ${hertz} Hz with a pace of ${pace} ms`, () => {
        for (const jitter of [0, 8, 12]) {
          const moved = steps(hertz, pace, jitter);
          const even = 100 / hertz;
          assert.ok(Math.min(...moved) > 0, "every frame moves on");
          assert.ok(Math.max(...moved) < even * 1.6, `${Math.max(...moved)} in one frame, ${even} would be even`);
        }
      });
    }
  }

  test("and the rate is forgotten with the next pause", () => {
    const motion = new Motion();
    for (let n = 0; n < 20; n++) motion.push(at(n), n * 100, 33);
    assert.equal(motion.moving(1900 + 99), true);
    motion.push(at(50), 5000, 33);
    assert.deepEqual(motion.at(5000 + AFTER_PAUSE), at(50));
    motion.push(at(60), 5100, 33);
    assert.deepEqual(motion.at(5100 + AFTER_PAUSE), at(60));
  });

  test("nobody whose moves wait for each other is slowed down by it", () => {
    // Each move is made some time after the one before was seen, so that a longer glide spaces them further.
    const motion = new Motion();
    let now = 0;
    const took: number[] = [];
    for (let n = 0; n < 20; n++) {
      motion.push(at(n), now, 33);
      let spent = 0;
      while (motion.moving(now + spent)) spent += 1;
      took.push(spent);
      now += spent + 45;
    }
    assert.ok(took.sort((a, b) => a - b)[Math.floor(took.length * 0.75)]! <= 33, String(took));
    assert.ok(Math.max(...took) <= 125, String(took));
  });
});
