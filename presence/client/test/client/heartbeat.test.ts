import assert from "node:assert/strict";
import { test } from "node:test";
import { Heartbeat } from "../../src/client/heartbeat.js";
import { FakeEnvironment } from "../support/environment.js";

function start() {
  const environment = new FakeEnvironment();
  const events: ("beat" | "dead")[] = [];
  const beat = () => void events.push("beat");
  const dead = () => {
    events.push("dead");
    heartbeat.stop();
  };
  const heartbeat = new Heartbeat(environment, { beat, dead });
  heartbeat.start();
  return { environment, heartbeat, take: () => events.splice(0) };
}

test("it beats every 15 s", () => {
  const { environment, heartbeat, take } = start();
  for (const _ of [1, 2, 3, 4]) {
    environment.pass(14_999);
    assert.deepEqual(take(), []);
    environment.pass(1);
    assert.deepEqual(take(), ["beat"]);
    heartbeat.received();
  }
});

test("a socket is dead after 40 s of silence", () => {
  const { environment, take } = start();
  environment.pass(39_999);
  assert.deepEqual(take(), ["beat", "beat"]);
  environment.pass(1);
  assert.deepEqual(take(), ["dead"]);
  assert.equal(environment.leftovers, 0);
});

test("any frame is a sign of life", () => {
  const { environment, heartbeat, take } = start();
  for (let seconds = 0; seconds < 120; seconds += 30) {
    environment.pass(30_000);
    heartbeat.received();
  }
  assert.ok(!take().includes("dead"));
});

/** After a check, an answer keeps the socket, and without one it is dead after 5 s. */
function assertChecked({ environment, heartbeat, take }: ReturnType<typeof start>, answered: boolean): void {
  assert.deepEqual(take(), ["beat"]);
  environment.pass(4_999);
  assert.deepEqual(take(), []);
  if (answered) heartbeat.received();
  environment.pass(1);
  assert.deepEqual(take(), answered ? [] : ["dead"]);
}

for (const answered of [true, false]) {
  const outcome = answered ? "keeps a socket that answers" : "gives an answer 5 s";

  test(`a check ${outcome}`, () => {
    const all = start();
    all.heartbeat.check();
    assertChecked(all, answered);
  });

  test(`a page shown after a long time checks, and ${outcome}`, () => {
    const all = start();
    const { environment, heartbeat, take } = all;
    environment.isVisible = false;
    environment.pass(300_000);
    assert.ok(!take().includes("dead"), "a hidden page does not judge");
    environment.isVisible = true;
    heartbeat.shown();
    assertChecked(all, answered);
  });

  for (const nowGoesOn of [true, false]) {
    test(`after a minute of sleep, with a clock that ${nowGoesOn ? "went on" : "stood still"}, it checks, and ${outcome}`, () => {
      const all = start();
      all.environment.sleep(60_000, nowGoesOn);
      all.environment.pass(nowGoesOn ? 0 : 5_000);
      assertChecked(all, answered);
    });
  }
}

test("a page shown after a moment does not check", () => {
  const { environment, heartbeat, take } = start();
  environment.pass(5_000);
  heartbeat.shown();
  assert.deepEqual(take(), []);
});

for (const nowGoesOn of [true, false]) {
  test(`a sleep longer than the server waits, with a clock that ${nowGoesOn ? "went on" : "stood still"}, is the end`, () => {
    const { environment, take } = start();
    environment.sleep(600_000, nowGoesOn);
    environment.pass(5_000);
    assert.deepEqual(take(), ["dead"]);
  });
}

test("the slow timers of a hidden page are no sleep", () => {
  const { environment, take } = start();
  environment.isVisible = false;
  environment.sleep(600_000, true);
  environment.pass(15_000);
  assert.ok(!take().includes("dead"));
});
