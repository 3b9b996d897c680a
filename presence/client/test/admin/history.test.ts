import assert from "node:assert/strict";
import { test } from "node:test";
import { History, isolated, lastRecorded, scaleTop, summarize, type HistoryAnswer } from "../../src/admin/history.js";
import { FakeEnvironment } from "../support/environment.js";

const TREND = { at: [60], people: [1], peak: [2] };

/** The history of the last hour by the minute, which is requested every 30 s. */
function start(board = "") {
  const environment = new FakeEnvironment();
  const answers: HistoryAnswer[] = [];
  const page = { hasPlot: true };
  const options = { url: "/admin/history/", span: "minutes", count: 60, board, isWanted: () => page.hasPlot };
  const history = new History(options, (answer) => answers.push(answer), environment);
  const succeed = () => environment.request.respond(200, TREND);
  return { environment, answers, history, page, succeed };
}

test("a history is requested once when the page loads, and then now and then", async () => {
  const { environment, answers, succeed } = start();
  environment.signal("pageshow");
  const urls = environment.requests.map(({ url }) => url);
  assert.deepEqual(urls, ["https://site.example/admin/history/?span=minutes&count=60"]);
  await succeed();
  assert.deepEqual(answers, [{ trend: TREND, hide: false }]);
  environment.pass(29_000);
  assert.equal(environment.requests.length, 1);
  environment.pass(1_000);
  assert.equal(environment.requests.length, 2);
  environment.signal("pagehide");
  environment.signal("pageshow");
  assert.deepEqual([environment.requests.length, environment.pending.length], [3, 1], "one at a time");
});

test("a history is not requested while the page is hidden, but at once when it is shown", async () => {
  const { environment, succeed } = start();
  await succeed();
  environment.signal("hidden");
  environment.pass(600_000);
  assert.equal(environment.requests.length, 1);
  environment.signal("shown");
  assert.equal(environment.requests.length, 2);
});

test("a history is never that of the board before", async () => {
  const { environment, answers, history } = start("one");
  history.show("two");
  const [before, now] = environment.requests;
  assert.ok(before?.signal.aborted);
  assert.deepEqual([before, now].map((request) => request?.url.split("board=")[1]), ["one", "two"]);
  await before?.respond(200, TREND);
  assert.deepEqual(answers, []);
});

for (const status of [0, 401, 403]) {
  test(`a history is hidden, and requested no more, after the status ${status}`, async () => {
    const { environment, answers, succeed } = start();
    await succeed();
    environment.pass(30_000);
    await environment.request.respond(status);
    assert.deepEqual(answers[1], { trend: undefined, hide: true });
    environment.pass(600_000);
    environment.signal("shown");
    assert.equal(environment.requests.length, 2);
  });
}

for (const [status, hide] of [[404, true], [400, false], [503, false], ["no answer", false]] as const) {
  test(`a history is requested again after ${status}`, async () => {
    const { environment, answers, succeed } = start();
    await (status === "no answer" ? environment.request.fail() : environment.request.respond(status));
    assert.deepEqual(answers, [{ trend: undefined, hide }]);
    environment.pass(30_000);
    await succeed();
    assert.equal(answers[1]?.trend, TREND);
  });
}

test("a history ends when the plot is gone from the page, or closed", async () => {
  for (const end of ["gone", "closed"]) {
    const { environment, answers, history, page, succeed } = start();
    await succeed();
    if (end === "gone") page.hasPlot = false;
    environment.pass(30_000);
    if (end === "closed") history.close();
    assert.deepEqual([environment.requests.length, environment.leftovers], [end === "gone" ? 1 : 2, 0]);
    assert.equal(answers.length, 1);
  }
});

test("a trend is summarised by its last recorded value and its peak", () => {
  const trend = { at: [60, 120, 180, 240], people: [1, 2.5, 2, null], peak: [1, 4, 4, null] };
  assert.deepEqual(summarize(trend), { people: 2, peak: 4, at: 120 });
  assert.deepEqual(summarize({ at: [60], people: [0], peak: [0] }), { people: 0, peak: 0, at: 60 });
  assert.equal(summarize({ at: [60], people: [null], peak: [null] }), undefined, "not recorded is not 0");
  assert.equal(summarize({ at: [], people: [], peak: [] }), undefined);
});

test("a trend has isolated values between gaps, and a last one before them", () => {
  assert.deepEqual(isolated([1, null, 2, 3, null, 4]), [0, 5]);
  assert.deepEqual(isolated([null, 7, undefined]), [1]);
  assert.deepEqual(isolated([1, 2]), []);
  assert.deepEqual([lastRecorded([1, 2, null, null]), lastRecorded([null])], [1, -1]);
});

test("a trend has a scale with room above the peak, and for at least four people", () => {
  assert.deepEqual([scaleTop([null, 1]), scaleTop([100, null])], [4.4, 110.00000000000001]);
});
