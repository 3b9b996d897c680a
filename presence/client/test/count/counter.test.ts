import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counter, EVERY, everyOf, LEAST, MOST, retryOf, type Counts, type Heard, type Place } from "../../src/count/counter.js";
import { FakeEnvironment, promises } from "../support/fake.js";

interface Question {
  readonly url: string;
  readonly at: number;
  readonly answer: (heard: Heard | null) => Promise<void>;
  readonly fail: () => Promise<void>;
}

class FakeWorld extends FakeEnvironment {
  readonly questions: Question[] = [];

  ask(url: string): Promise<Heard | null> {
    return new Promise((resolve, reject) => {
      const after = (act: () => void) => () => (act(), promises());
      this.questions.push({
        url,
        at: this.time,
        answer: (heard) => after(() => resolve(heard))(),
        fail: after(() => reject(new TypeError("Failed to fetch"))),
      });
    });
  }

  get question(): Question {
    const question = this.questions.at(-1);
    assert.ok(question, "nothing was asked");
    return question;
  }

  /** Answer as the view does while all is well, for so long; in steps, as promises take their turn. */
  async goOn(milliseconds: number, answer: (question: Question) => Promise<void>): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      const before = this.questions.length;
      this.pass(100);
      for (const question of this.questions.slice(before)) await answer(question);
    }
  }
}

/** What is shown: the counts, and `stale` where they are not what holds now. */
class Shown implements Place {
  readonly heard: (number | "nothing" | "stale")[] = [];

  constructor(
    readonly board: string,
    readonly known = false,
    readonly every = EVERY,
  ) {}

  hear(counts?: Counts): void {
    this.heard.push(counts ? (counts[this.board] ?? "nothing") : "stale");
  }
}

function counting(...places: Shown[]) {
  const world = new FakeWorld();
  const counter = new Counter("/counts/", world);
  for (const place of places) counter.add(place);
  return { world, counter };
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => new Shown(`b${n}`));

describe("what is asked", () => {
  test("all counts of a page at once, each board once", async () => {
    const places = [new Shown("a"), new Shown("b"), new Shown("a")];
    const { world } = counting(...places);
    world.pass(0);
    assert.deepEqual(world.questions.map(({ url }) => url), ["/counts/?board=a&board=b"]);
    await world.question.answer({ counts: { a: 3, b: 0 } });
    assert.deepEqual(places.map(({ heard }) => heard), [[3], [0], [3]]);
  });

  test("a hundred at a time", async () => {
    const places = numbered(2 * MOST + 1);
    const { world } = counting(...places);
    world.pass(0);
    const sizes = world.questions.map(({ url }) => url.split("board=").length - 1);
    assert.deepEqual(sizes, [MOST, MOST, 1]);
    for (const { answer } of world.questions) await answer({ counts: { b0: 1, b200: 2 } });
    assert.deepEqual([places[0]?.heard, places[1]?.heard, places[200]?.heard], [[1], ["nothing"], [2]]);
  });

  test("at once where no number is known, and after a while where the page brought it", () => {
    const { world } = counting(new Shown("a", true));
    world.pass(EVERY - 1);
    assert.equal(world.questions.length, 0);
    world.pass(1);
    assert.equal(world.questions.length, 1);
  });

  test("what comes to the page later is asked for soon", async () => {
    const { world, counter } = counting(new Shown("a"));
    world.pass(0);
    const late = new Shown("b");
    counter.add(late);
    world.pass(LEAST);
    assert.equal(world.questions.length, 1, "one question at a time");
    await world.question.answer({ counts: { a: 1 } });
    assert.deepEqual(late.heard, [], "of which it was not asked");
    world.pass(LEAST);
    assert.match(world.question.url, /board=b/);
  });

  test("nothing any more of what has left the page", async () => {
    const [a, b] = [new Shown("a"), new Shown("b")];
    const { world, counter } = counting(a, b);
    world.pass(0);
    counter.remove(a);
    await world.question.answer({ counts: { a: 1, b: 1 } });
    assert.deepEqual([a.heard, b.heard], [[], [1]]);
    world.pass(EVERY);
    assert.equal(world.question.url, "/counts/?board=b");
    counter.remove(b);
    await world.question.answer({ counts: { b: 1 } });
    assert.equal(world.leftovers, 0);
  });
});

describe("when it is asked", () => {
  const well = ({ answer }: Question) => answer({ counts: {} });

  test("every five seconds, of each page at another moment", async () => {
    const times = async (chance: number) => {
      const { world } = counting(new Shown("a"));
      world.chance = chance;
      await world.goOn(60_000, well);
      return world.questions.length;
    };
    assert.deepEqual(await Promise.all([0, 0.5, 0.999].map(times)), [15, 12, 10]);
  });

  test("as often as the most impatient wants", async () => {
    const { world } = counting(new Shown("a", false, 2000), new Shown("b", false, 60_000));
    await world.goOn(10_000, well);
    assert.equal(world.questions.length, 5);
  });

  test("not while the tab is hidden, and at once when it is shown", async () => {
    const { world, counter } = counting(new Shown("a"));
    await world.goOn(1000, well);
    world.isVisible = false;
    await world.goOn(600_000, well);
    assert.equal(world.questions.length, 1);
    world.isVisible = true;
    counter.shown();
    world.pass(0);
    assert.equal(world.questions.length, 2);
  });

  test("no more than once a second by whoever goes back and forth between tabs", async () => {
    const { world, counter } = counting(new Shown("a"));
    for (let n = 0; n < 30; n++) {
      counter.shown();
      await world.goOn(100, well);
    }
    assert.ok(world.questions.length <= 4, `${world.questions.length} in 3 s`);
  });
});

describe("where there is no answer", () => {
  const bad = ({ fail }: Question) => fail();

  test("the number stays, and is told to be old until there is one", async () => {
    const place = new Shown("a");
    const { world } = counting(place);
    world.pass(0);
    await world.question.answer({ counts: { a: 2 } });
    world.pass(EVERY);
    await world.question.fail();
    world.pass(30_000);
    await world.question.answer({ counts: { a: 4 } });
    assert.deepEqual(place.heard, [2, "stale", 4]);
  });

  test("it is asked less and less often, but for the moment when the page is shown", async () => {
    const { world, counter } = counting(new Shown("a"));
    await world.goOn(600_000, bad);
    const gaps = world.questions.slice(1).map(({ at }, n) => at - (world.questions[n]?.at ?? 0));
    assert.ok((gaps[0] ?? 0) < 6500 && (gaps.at(-1) ?? 0) >= 20_000, `${gaps}`);
    const before = world.questions.length + 1;
    while (world.questions.length < before) await world.goOn(100, bad);
    world.pass(LEAST);
    counter.shown();
    world.pass(0);
    assert.equal(world.questions.length, before + 1);
  });

  test("what the server wants is done, whoever looks", async () => {
    const { world, counter } = counting(new Shown("a"));
    world.pass(0);
    await world.question.answer({ retry: 120_000 });
    counter.shown();
    world.pass(119_999);
    assert.equal(world.questions.length, 1);
    world.pass(1);
    assert.equal(world.questions.length, 2);
  });

  test("some may be answered where others are not", async () => {
    const places = numbered(MOST + 1);
    const { world } = counting(...places);
    world.pass(0);
    const [first, second] = world.questions;
    await first?.answer({ counts: { b0: 1 } });
    await second?.answer({ retry: 20_000 });
    assert.deepEqual([places[0]?.heard, places[MOST]?.heard], [[1], ["stale"]]);
    world.pass(19_999);
    assert.equal(world.questions.length, 2);
  });

  for (const nonsense of [null, {}, { counts: null } as unknown as Heard]) {
    test(`${JSON.stringify(nonsense)} is none`, async () => {
      const place = new Shown("a");
      const { world } = counting(place);
      world.pass(0);
      await world.question.answer(nonsense);
      assert.deepEqual(place.heard, ["stale"]);
      world.pass(10_000);
      assert.equal(world.questions.length, 2, "it is asked again");
    });
  }
});

describe("what an overlay on the page tells", () => {
  test("is shown at once, where its board is shown", () => {
    const [a, b] = [new Shown("a", true), new Shown("b", true)];
    const { counter } = counting(a, b);
    counter.tell("a", 7);
    assert.deepEqual([a.heard, b.heard], [[7], []]);
  });

  test("is newer than the answer to what was asked before", async () => {
    const [a, b] = [new Shown("a"), new Shown("b")];
    const { world, counter } = counting(a, b);
    world.pass(0);
    counter.tell("a", 7);
    await world.question.answer({ counts: { a: 6, b: 6 } });
    assert.deepEqual([a.heard, b.heard], [[7], [6]]);
    world.pass(EVERY);
    await world.question.answer({ counts: { a: 8, b: 8 } });
    assert.deepEqual([a.heard, b.heard], [[7, 8], [6, 8]]);
  });
});

test("what elements and servers say in seconds", () => {
  assert.deepEqual([null, "", "x", "2", "0.1", "-3", "1e99"].map(everyOf), [EVERY, EVERY, EVERY, 2000, LEAST, LEAST, 86_400_000]);
  const date = "Wed, 21 Oct 2026 07:28:00 GMT";
  assert.deepEqual([null, "", date, "5", "-1", "1e99"].map(retryOf), [0, 0, 0, 5000, 0, 86_400_000]);
});
