import assert from "node:assert/strict";
import { test } from "node:test";
import { backOff, reconnect, type Ending } from "../../src/protocol/reconnect.js";

const notice = (code: number, retry: number) => ({ type: "NOTICE", code, retry }) as const;

function after(changes: Partial<Ending>, chance = 0.5) {
  return reconnect({ code: 1006, notice: undefined, attempts: 0, welcomed: true, ...changes }, () => chance);
}

test("these codes end the session for good", () => {
  const reasons = { 4400: "malformed", 4401: "sign-in", 4403: "forbidden", 4404: "no-board", 4409: "removed" };
  for (const [code, reason] of Object.entries(reasons)) {
    assert.deepEqual(after({ code: Number(code) }), { reason, delay: undefined, binding: false });
  }
});

test("4401 returns once the browser has its new session, if the server asks for it", () => {
  const ended = { code: 4401, notice: notice(3, 3000) };
  assert.deepEqual(after(ended), { reason: "sign-in", delay: 3000, binding: true });
  assert.equal(after({ ...ended, attempts: 2 }).delay, 3000 + 1000);
  assert.equal(after({ ...ended, notice: notice(3, 0) }).delay, undefined);
  assert.equal(after({ code: 1006, notice: notice(3, 3000) }).delay, 3000, "where a proxy lost the close code");
});

test("4429 waits for retry", () => {
  assert.deepEqual(after({ code: 4429, notice: notice(2, 3000) }), { reason: "too-fast", delay: 3000, binding: true });
});

test("1013 waits for retry, and later backs off too", () => {
  assert.equal(after({ code: 1013, notice: notice(8, 3000) }).delay, 3000);
  assert.equal(after({ code: 1013, notice: notice(8, 3000), attempts: 2 }).delay, 3000 + 1000);
  assert.deepEqual(after({ code: 1013 }), { reason: "try-later", delay: 250, binding: false }, "without a notice");
});

test("1012 waits for a random part of retry, however often", () => {
  const restart = { code: 1012, notice: notice(7, 8000) };
  assert.equal(after(restart, 0).delay, 0);
  assert.deepEqual(after(restart, 0.25), { reason: "restarting", delay: 2000, binding: true });
  assert.equal(after({ ...restart, attempts: 1 }).delay, 4000);
  assert.deepEqual(after({ code: 1012, attempts: 1 }), { reason: "restarting", delay: 500, binding: false }, "without a notice");
});

test("4408 reconnects at once, and then backs off", () => {
  assert.equal(after({ code: 4408 }).delay, 0);
  assert.equal(after({ code: 4408, attempts: 1 }).delay, 500);
});

test("1009 and all other codes back off", () => {
  assert.deepEqual(after({ code: 1009, attempts: 3 }), { reason: "too-big", delay: 2000, binding: false });
  for (const code of [1000, 1001, 1005, 1006, 1011, 4999]) {
    assert.deepEqual(after({ code, attempts: 3 }), { reason: "lost", delay: 2000, binding: false });
  }
});

test("a notice counts if its close code got lost", () => {
  for (const code of [3, 4, 5, 6]) assert.equal(after({ notice: notice(code, 0) }).delay, undefined);
  assert.deepEqual([2, 7, 8].map((code) => after({ notice: notice(code, 8000) }).delay), [8000, 4000, 8000]);
});

test("a notice that stands for no close code counts as none", () => {
  for (const code of [0, 1, 99]) {
    const ignored = notice(code, 9000);
    for (const attempts of [0, 3]) assert.deepEqual(after({ notice: ignored, attempts }), after({ attempts }), `${code}`);
    for (const closeCode of [1012, 1013, 4401, 4408, 4429]) {
      assert.deepEqual(after({ code: closeCode, notice: ignored }), after({ code: closeCode }), `${code} before ${closeCode}`);
    }
  }
});

test("who was never welcomed asks ever more rarely, and waits no longer than they have waited twice", () => {
  const waits = Array.from({ length: 20 }, (_, attempts) => after({ welcomed: false, attempts }, 1));
  assert.deepEqual(waits.slice(0, 7), Array.from({ length: 7 }, (_, attempts) => after({ attempts }, 1)));
  assert.deepEqual(waits.slice(7, 12).map(({ delay }) => delay), [64_000, 128_000, 256_000, 512_000, 600_000]);
  assert.deepEqual(waits.at(-1), { reason: "refused", delay: 600_000, binding: false });
  waits.reduce((waited, { delay = NaN }) => {
    assert.ok(delay <= Math.max(500, 2 * waited + 1000), `${delay} after ${waited}`);
    return waited + delay;
  }, 0);
});

test("a server that is full, or lets nobody in now, is asked as ever by who was never welcomed", () => {
  for (const code of [1009, 1012, 1013]) {
    assert.ok((after({ code, welcomed: false, attempts: 20 }, 1).delay as number) <= 30_000);
  }
});

test("the back-off grows from half a second to 30 seconds", () => {
  const most = [0, 1, 2, 3, 4, 5, 6, 7, 2000].map((attempts) => backOff(attempts, 1));
  assert.deepEqual(most, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test("the back-off is a random part of that, but never nothing", () => {
  assert.equal(backOff(6, 0.1), 3000);
  assert.ok(backOff(0, 0) > 0);
});
