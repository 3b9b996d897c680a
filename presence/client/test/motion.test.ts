import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AFTER_PAUSE, LONGEST, Motion, SHORTEST } from "../src/motion.js";

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
