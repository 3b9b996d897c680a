import assert from "node:assert/strict";
import { test } from "node:test";
import { AnchorIndex, READ_AGAIN, READ_ANYHOW } from "../../src/overlay/anchor-index.js";
import { anchorHash } from "../../src/protocol/anchors.js";

interface Thing {
  id: string | undefined;
}

/** A page with a thing for each id, and what its index does. */
function page(...ids: (string | undefined)[]) {
  const things: Thing[] = ids.map((id) => ({ id }));
  const repeated: string[] = [];
  let reads = 0;
  const index = new AnchorIndex<Thing>({
    all: () => ((reads += 1), [...things]),
    id: (thing) => (things.includes(thing) ? thing.id : undefined),
    repeats: (id) => void repeated.push(id),
  });
  return { things, index, repeated, reads: () => reads, find: (id: string, now = 0) => index.find(anchorHash(id), now) };
}

test("a thing is found by the hash of its id, and read once", () => {
  const { things, find, index, reads } = page("intro", undefined, "details");
  assert.equal(find("details"), things[2]);
  assert.equal(find("intro"), things[0]);
  assert.equal(find("summary"), undefined);
  assert.deepEqual([index.id(things[0]!, 0), index.id(things[1]!, 0), reads()], ["intro", undefined, 1]);
  assert.equal(index.wait(0), undefined, "nothing changed, so looking again finds nothing");
});

test("several things with one id are no anchors, and are told of", () => {
  const { things, find, index, repeated } = page("intro", "intro", "details", "intro");
  assert.deepEqual([find("intro"), index.id(things[0]!, 0)], [undefined, undefined]);
  assert.equal(find("details"), things[2]);
  assert.deepEqual(repeated, ["intro", "intro"]);
});

test("a page that changed is read again, but not often", () => {
  const { things, find, index, reads } = page("intro");
  assert.equal(find("details"), undefined);
  things.push({ id: "details" });
  index.change();
  assert.equal(find("details", READ_AGAIN - 1), undefined);
  assert.equal(index.wait(READ_AGAIN - 1), 1);
  assert.equal(find("details", READ_AGAIN), things[1]);
  assert.equal(reads(), 2);
  index.change();
  assert.equal(find("details", 2 * READ_AGAIN), things[1], "what is found stays");
  assert.equal(reads(), 2);
});

test("what left the page, or has another id now, is not found", () => {
  const { things, find } = page("intro", "details");
  find("intro");
  things[1]!.id = "end";
  const [intro] = things.splice(0, 1);
  assert.deepEqual([find("intro"), find("details")], [undefined, undefined]);
  things.push(intro!);
  assert.equal(find("intro"), intro, "it was moved");
});

test("a second thing with an id is noticed in the end", () => {
  const { things, find, index, repeated } = page("intro");
  find("intro");
  things.push({ id: "intro" });
  index.change();
  assert.equal(find("intro", READ_ANYHOW - 1), things[0]);
  assert.equal(find("intro", READ_ANYHOW), undefined);
  assert.deepEqual(repeated, ["intro"]);
});
