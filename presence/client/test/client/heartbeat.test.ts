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

test("it beats every 15 s as long as frames arrive, and does not check when the page is shown", () => {
  const { environment, heartbeat, take } = start();
  for (const _ of [1, 2, 3, 4]) {
    environment.pass(14_999);
    heartbeat.shown();
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

type Started = ReturnType<typeof start>;

const sleep = (nowGoesOn: boolean) => ({ environment }: Started) => {
  environment.sleep(60_000, nowGoesOn);
  environment.pass(nowGoesOn ? 0 : 5_000);
};
const checks: [string, (started: Started) => void][] = [
  ["when it is told to", ({ heartbeat }) => heartbeat.check()],
  ["after a minute of sleep in which the clock went on", sleep(true)],
  ["after a minute of sleep in which the clock stood still", sleep(false)],
  ["when a page is shown that was hidden for long, and that did not judge meanwhile", ({ environment, heartbeat, take }) => {
    environment.isVisible = false;
    environment.pass(300_000);
    assert.ok(!take().includes("dead"));
    environment.isVisible = true;
    heartbeat.shown();
  }],
];
for (const [when, check] of checks) {
  for (const answered of [true, false]) {
    test(`it checks the socket ${when}: ${answered ? "an answer keeps it" : "it is dead after 5 s"}`, () => {
      const started = start();
      check(started);
      assert.deepEqual(started.take(), ["beat"]);
      started.environment.pass(4_999);
      assert.deepEqual(started.take(), []);
      if (answered) started.heartbeat.received();
      started.environment.pass(1);
      assert.deepEqual(started.take(), answered ? [] : ["dead"]);
    });
  }
}

test("a sleep longer than the server waits is the end, whether the clock went on or not", () => {
  for (const nowGoesOn of [true, false]) {
    const { environment, take } = start();
    environment.sleep(600_000, nowGoesOn);
    environment.pass(5_000);
    assert.deepEqual(take(), ["dead"]);
  }
});

test("the slow timers of a hidden page are no sleep", () => {
  const { environment, take } = start();
  environment.isVisible = false;
  environment.sleep(600_000, true);
  environment.pass(15_000);
  assert.ok(!take().includes("dead"));
});
