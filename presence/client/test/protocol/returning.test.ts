import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { backOff, judge, type Ending } from "../../src/protocol/returning.js";

const notice = (code: number, retry: number) => ({ type: "NOTICE", code, retry }) as const;

function verdict(changes: Partial<Ending>, chance = 0.5) {
  return judge({ code: 1006, notice: undefined, attempts: 0, ...changes }, () => chance);
}

describe("the table of codes", () => {
  const never: [number, string][] = [
    [4400, "malformed"],
    [4401, "sign-in"],
    [4403, "forbidden"],
    [4404, "no-board"],
    [4409, "removed"],
  ];
  for (const [code, reason] of never) {
    test(`${code} does not return`, () => {
      assert.deepEqual(verdict({ code }), { reason, delay: undefined, firm: false });
    });
  }

  test("4429 returns after retry", () => {
    const { reason, delay, firm } = verdict({ code: 4429, notice: notice(2, 3000) });
    assert.deepEqual([reason, delay, firm], ["too-fast", 3000, true]);
  });

  test("1013 returns after retry, then backs off", () => {
    assert.equal(verdict({ code: 1013, notice: notice(8, 3000) }).delay, 3000);
    assert.equal(verdict({ code: 1013, notice: notice(8, 3000), attempts: 2 }).delay, 3000 + 1000);
    assert.equal(verdict({ code: 1013 }).delay, 250, "without a notice there is the back-off");
  });

  test("1012 returns after a random part of retry", () => {
    const restart = { code: 1012, notice: notice(7, 8000) };
    assert.equal(verdict(restart, 0).delay, 0);
    assert.equal(verdict(restart, 0.25).delay, 2000);
    assert.equal(verdict(restart).firm, true);
    assert.equal(verdict(restart).reason, "restarting");
  });

  test("4408 returns at once, but not over and over", () => {
    assert.equal(verdict({ code: 4408 }).delay, 0);
    assert.equal(verdict({ code: 4408, attempts: 1 }).delay, 500);
  });

  test("1009 backs off", () => {
    assert.deepEqual(verdict({ code: 1009, attempts: 3 }), { reason: "too-big", delay: 2000, firm: false });
  });

  for (const code of [1000, 1001, 1005, 1006, 1011, 4999]) {
    test(`${code} backs off`, () => {
      assert.deepEqual(verdict({ code, attempts: 3 }), { reason: "lost", delay: 2000, firm: false });
    });
  }
});

describe("a notice whose close code got lost", () => {
  for (const code of [3, 4, 5, 6]) {
    test(`${code} does not return`, () => assert.equal(verdict({ notice: notice(code, 0) }).delay, undefined));
  }
  test("7 and 8 wait as told", () => {
    assert.equal(verdict({ notice: notice(7, 8000) }).delay, 4000);
    assert.equal(verdict({ notice: notice(8, 8000) }).delay, 8000);
  });
  test("1 alone is no reason to stay away", () => assert.equal(verdict({ notice: notice(1, 0) }).reason, "lost"));
  test("an unknown one is none", () => assert.equal(verdict({ notice: notice(99, 9000) }).reason, "lost"));
});

describe("back-off", () => {
  test("grows from half a second to 30 seconds", () => {
    const most = [0, 1, 2, 3, 4, 5, 6, 7, 2000].map((attempts) => backOff(attempts, 1));
    assert.deepEqual(most, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("is any part of that, but never nothing", () => {
    assert.equal(backOff(6, 0.1), 3000);
    assert.ok(backOff(0, 0) > 0);
  });
});
