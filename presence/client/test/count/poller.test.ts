import assert from "node:assert/strict";
import { test } from "node:test";
import { BOARDS_PER_REQUEST, CountPoller, DEFAULT_INTERVAL, LEAST_INTERVAL } from "../../src/count/poller.js";
import { parseEvery, parseRetryAfter, type Counts, type CountsAnswer, type CountView } from "../../src/count/poller.js";
import { FakeEnvironment, type FakeRequest } from "../support/environment.js";

class PollerEnvironment extends FakeEnvironment {
  async get(url: string): Promise<CountsAnswer | null> {
    return (await this.fetch(url, {}, new AbortController().signal)).body as CountsAnswer | null;
  }

  respond(answer: unknown): Promise<void> {
    return this.request.respond(200, answer);
  }

  /** Let time pass, and answer each request. */
  async run(milliseconds: number, answer: (request: FakeRequest) => Promise<void>): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      const before = this.requests.length;
      this.pass(100);
      for (const request of this.requests.slice(before)) await answer(request);
    }
  }
}

/** Records what it shows: a count, "nothing" if the answer has none, "stale" after a failure. */
class View implements CountView {
  readonly shown: (number | "nothing" | "stale")[] = [];

  constructor(
    readonly board: string,
    readonly known = false,
    readonly interval = DEFAULT_INTERVAL,
  ) {}

  update(counts?: Counts): void {
    this.shown.push(counts ? (counts[this.board] ?? "nothing") : "stale");
  }
}

/** Views, and the poller that has just sent the first request for those without a count. */
function poll(...views: View[]) {
  const environment = new PollerEnvironment();
  const poller = new CountPoller("/counts/", environment);
  for (const view of views) poller.add(view);
  environment.pass(0);
  return { environment, poller };
}

const views = (count: number) => Array.from({ length: count }, (_, n) => new View(`b${n}`));

test("a poll asks for each board of the page once, all together", async () => {
  const all = [new View("a.b:c&d"), new View("b"), new View("a.b:c&d")];
  const { environment } = poll(...all);
  assert.deepEqual(environment.requests.map(({ url }) => url), ["/counts/?board=a.b%3Ac%26d&board=b"]);
  await environment.respond({ counts: { "a.b:c&d": 3, b: 0 } });
  assert.deepEqual(all.map(({ shown }) => shown), [[3], [0], [3]]);
});

test("a request asks for at most a hundred boards each", async () => {
  const all = views(2 * BOARDS_PER_REQUEST + 1);
  const { environment } = poll(...all);
  const sizes = environment.requests.map(({ url }) => url.split("board=").length - 1);
  assert.deepEqual(sizes, [BOARDS_PER_REQUEST, BOARDS_PER_REQUEST, 1]);
  for (const request of environment.requests) await request.respond(200, { counts: { b0: 1, b200: 2 } });
  assert.deepEqual([all[0]?.shown, all[1]?.shown, all[200]?.shown], [[1], ["nothing"], [2]]);
});

test("a poll includes views that come later, one request at a time", async () => {
  const { environment, poller } = poll(new View("a"));
  const late = new View("b");
  poller.add(late);
  environment.pass(LEAST_INTERVAL);
  assert.equal(environment.requests.length, 1);
  await environment.respond({ counts: { a: 1, b: 2 } });
  assert.deepEqual(late.shown, [], "it was not asked for");
  environment.pass(LEAST_INTERVAL);
  assert.match(environment.request.url, /board=b/);
});

test("a poll leaves out views that are gone, and polling ends with the last", async () => {
  const [a, b] = [new View("a"), new View("b")];
  const { environment, poller } = poll(a, b);
  poller.remove(a);
  await environment.respond({ counts: { a: 1, b: 1 } });
  assert.deepEqual([a.shown, b.shown], [[], [1]]);
  poller.remove(b);
  environment.pass(60_000);
  assert.equal(environment.requests.length, 1);
});

const succeed = (request: FakeRequest) => request.respond(200, { counts: {} });

test("the interval is the shortest of any view, by default five seconds, and varied by a fifth", async () => {
  const polls = async (chance: number, ...views: View[]) => {
    const { environment, poller } = poll();
    environment.chance = chance;
    for (const view of views) poller.add(view);
    await environment.run(60_000, succeed);
    return environment.requests.length;
  };
  const byChance = [0, 0.5, 0.999].map((chance) => polls(chance, new View("a", true)));
  assert.deepEqual(await Promise.all(byChance), [15, 12, 10]);
  assert.equal(await polls(0.5, new View("a", true, 2000), new View("b", true, 60_000)), 30);
});

test("the interval lasts while the tab is hidden, ends when it is shown, and then is at least a second", async () => {
  const { environment, poller } = poll(new View("a"));
  await environment.respond({ counts: {} });
  environment.isVisible = false;
  await environment.run(600_000, succeed);
  assert.equal(environment.requests.length, 1);
  environment.isVisible = true;
  for (let n = 0; n < 30; n++) {
    poller.refresh();
    await environment.run(100, succeed);
    if (n === 0) assert.equal(environment.requests.length, 2);
  }
  assert.ok(environment.requests.length <= 5, `${environment.requests.length} in 3 s`);
});

test("after no answer, or one without counts, a view keeps its count and is stale until the next answer", async () => {
  const view = new View("a");
  const { environment } = poll(view);
  await environment.respond({ counts: { a: 2 } });
  for (const answer of [undefined, null, {}, { counts: null }]) {
    environment.pass(30_000);
    await (answer === undefined ? environment.request.fail() : environment.respond(answer));
  }
  environment.pass(30_000);
  await environment.respond({ counts: { a: 4 } });
  assert.deepEqual(view.shown, [2, "stale", "stale", "stale", "stale", 4]);
});

test("after failures polls become rare, except when the page is shown", async () => {
  const { environment, poller } = poll(new View("a"));
  await environment.request.fail();
  const fail = (request: FakeRequest) => request.fail();
  await environment.run(600_000, fail);
  const gaps = environment.requests.slice(1).map(({ at }, n) => at - (environment.requests[n]?.at ?? 0));
  assert.ok((gaps[0] ?? 0) < 6500 && (gaps.at(-1) ?? 0) >= 20_000, `${gaps}`);
  const count = environment.requests.length + 1;
  while (environment.requests.length < count) await environment.run(100, fail);
  environment.pass(LEAST_INTERVAL);
  poller.refresh();
  environment.pass(0);
  assert.equal(environment.requests.length, count + 1);
});

test("the wait that one request's answer asks for holds, even if the page is shown; the other answers count", async () => {
  const all = views(BOARDS_PER_REQUEST + 1);
  const { environment, poller } = poll(...all);
  await environment.requests[0]?.respond(200, { counts: { b0: 1 } });
  await environment.respond({ retry: 120_000 });
  assert.deepEqual([all[0]?.shown, all[BOARDS_PER_REQUEST]?.shown], [[1], ["stale"]]);
  poller.refresh();
  environment.pass(119_999);
  assert.equal(environment.requests.length, 2);
  environment.pass(1);
  assert.equal(environment.requests.length, 4);
});

test("a reported count is shown at once, and is newer than the answer to an earlier request", async () => {
  const [a, b] = [new View("a"), new View("b")];
  const { environment, poller } = poll(a, b);
  poller.report("a", 7);
  assert.deepEqual([a.shown, b.shown], [[7], []]);
  await environment.respond({ counts: { a: 6, b: 6 } });
  assert.deepEqual([a.shown, b.shown], [[7], [6]]);
  environment.pass(DEFAULT_INTERVAL);
  await environment.respond({ counts: { a: 8, b: 8 } });
  assert.deepEqual([a.shown, b.shown], [[7, 8], [6, 8]]);
});

test("seconds of elements and servers are parsed and limited", () => {
  const every = [DEFAULT_INTERVAL, DEFAULT_INTERVAL, DEFAULT_INTERVAL, 2000, LEAST_INTERVAL, LEAST_INTERVAL, 86_400_000];
  assert.deepEqual([null, "", "x", "2", "0.1", "-3", "1e99"].map(parseEvery), every);
  const date = "Wed, 21 Oct 2026 07:28:00 GMT";
  assert.deepEqual([null, "", date, "5", "-1", "1e99"].map(parseRetryAfter), [0, 0, 0, 5000, 0, 86_400_000]);
});
