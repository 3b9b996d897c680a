import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { History, type Answered } from "../../src/admin/history.js";
import { FakeEnvironment, promises } from "../support/fake.js";

const TREND = { at: [60], people: [1], peak: [2] };

/** A history of the last hour by the minute: asked for again after 30 s. */
function begin(board = "") {
  const environment = new FakeEnvironment();
  const heard: Answered[] = [];
  const page = { hasPlot: true };
  const asked = { url: "/admin/history/", span: "minutes", count: 60, board, isWanted: () => page.hasPlot };
  const history = new History(asked, (answered) => heard.push(answered), environment);
  return { environment, heard, history, page };
}

async function answer({ environment }: { environment: FakeEnvironment }, status = 200) {
  environment.request.answer({ status, body: status === 200 ? TREND : undefined });
  await promises();
}

describe("a history", () => {
  test("is asked for once as the page loads, and then now and then", async () => {
    const begun = begin();
    const { environment, heard } = begun;
    environment.signal("pageshow");
    assert.deepEqual(environment.requests.map(({ url }) => url), [
      "https://site.example/admin/history/?span=minutes&count=60",
    ]);
    await answer(begun);
    assert.deepEqual(heard, [{ trend: TREND, hide: false }]);
    environment.pass(29_000);
    assert.equal(environment.requests.length, 1);
    environment.pass(1_000);
    assert.equal(environment.requests.length, 2);
  });

  test("is asked for when somebody comes back to the page, and not while nobody looks", async () => {
    const begun = begin();
    const { environment } = begun;
    await answer(begun);
    environment.hide();
    environment.pass(600_000);
    assert.equal(environment.requests.length, 1);
    environment.show();
    assert.equal(environment.requests.length, 2);
    environment.signal("pagehide");
    environment.signal("pageshow");
    assert.equal(environment.requests.length, 3);
    assert.equal(environment.asking.length, 1, "one at a time");
  });

  test("is never that of the board before", async () => {
    const { environment, heard, history } = begin("one");
    history.show("two");
    const [before, now] = environment.requests;
    assert.ok(before?.signal.aborted);
    assert.match(now?.url ?? "", /&board=two$/);
    before?.answer({ status: 200, body: TREND });
    await promises();
    assert.deepEqual(heard, []);
  });

  for (const status of [0, 401, 403]) {
    test(`is hidden and asked for no more where one may not see it: ${status}`, async () => {
      const begun = begin();
      const { environment, heard } = begun;
      await answer(begun);
      environment.pass(30_000);
      await answer(begun, status);
      assert.deepEqual(heard[1], { trend: undefined, hide: true });
      environment.pass(600_000);
      environment.show();
      assert.equal(environment.requests.length, 2);
      assert.equal(environment.leftovers, 1, "nothing but what was asked");
    });
  }

  for (const [status, hide] of [[404, true], [400, false], [503, false]] as const) {
    test(`that cannot be had now is asked for again: ${status}`, async () => {
      const begun = begin();
      const { environment, heard } = begun;
      await answer(begun, status);
      assert.deepEqual(heard, [{ trend: undefined, hide }]);
      environment.pass(30_000);
      await answer(begun);
      assert.equal(heard[1]?.trend, TREND);
    });
  }

  test("without an answer is asked for again", async () => {
    const { environment, heard } = begin();
    environment.request.fail(new Error("no network"));
    await promises();
    assert.deepEqual(heard, [{ trend: undefined, hide: false }]);
    environment.pass(30_000);
    assert.equal(environment.requests.length, 2);
  });

  test("is asked for no more where the page has no plot any more", async () => {
    const begun = begin();
    await answer(begun);
    begun.page.hasPlot = false;
    begun.environment.pass(30_000);
    assert.equal(begun.environment.requests.length, 1);
    assert.equal(begun.environment.leftovers, 0);
  });

  test("leaves nothing behind", async () => {
    const begun = begin();
    await answer(begun);
    begun.environment.pass(30_000);
    begun.history.close();
    await promises();
    assert.equal(begun.environment.leftovers, 0);
    assert.equal(begun.heard.length, 1);
    begun.environment.pass(600_000);
    assert.equal(begun.environment.requests.length, 2);
  });
});
