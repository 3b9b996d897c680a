import assert from "node:assert/strict";
import { test } from "node:test";
import { importPart, loadPart } from "../../src/overlay/parts.js";

async function load(parts: string | null) {
  const [used, errors]: [unknown[], string[]] = [[], []];
  const host = { getAttribute: () => parts, report: ({ message }: Error) => void errors.push(message) };
  await loadPart(host, "coordinates", (part) => used.push(part.worldOn));
  return { used, errors };
}

const at = (script: string) => JSON.stringify({ coordinates: `data:text/javascript,${script}` });

/** A script that throws when it first runs `failures` times. `runs` counts, by its name. */
const runs: Record<string, number> = ((globalThis as { runs?: Record<string, number> }).runs = {});
function failing(name: string, failures: number): string {
  runs[name] = 0;
  return at(`if (++runs.${name} <= ${failures}) throw Error("no ${name} " + runs.${name}); export const worldOn = runs.${name}`);
}

test("a part comes from where the tag says, else from beside the script", async () => {
  assert.deepEqual(await load(at("export const worldOn = 7")), { used: [7], errors: [] });
  for (const parts of [null, "{}"]) assert.equal(typeof (await load(parts)).used[0], "function");
});

test("the script of a part can be imported by itself", async () => {
  const host = { getAttribute: () => at("export const worldOn = 8") };
  assert.equal((await importPart(host, "coordinates")).worldOn as unknown, 8);
  assert.equal(typeof (await importPart({ getAttribute: () => "" }, "tokens")).tokensFrom, "function");
});

test("a part that cannot be loaded is reported, and not used", async () => {
  for (const parts of [at("throw Error('no')"), '{"coordinates": "data:text/plain,"}', "no JSON"]) {
    const { used, errors } = await load(parts);
    assert.deepEqual([used.length, errors.length], [0, 1], parts);
  }
});

test("a part that could not be loaded is asked for again, but not at once, and is then the same for everybody", async (t) => {
  let now = 60_000;
  t.mock.method(performance, "now", () => now);
  const parts = failing("late", 2);
  const told = { used: [], errors: ["no late 1"] };
  for (const [later, run] of [[0, 1], [0, 1], [4_999, 1], [1, 2], [4_999, 2]] as const) {
    now += later;
    assert.deepEqual(await load(parts), told, "the same error each time");
    assert.equal(runs["late"], run);
  }
  now += 1;
  const answers = await Promise.all([load(parts), load(parts)]);
  for (const answer of [...answers, await load(parts)]) assert.deepEqual(answer, { used: [3], errors: [] });
  assert.equal(runs["late"], 3);
});

test("two who ask for a part at the same time and fail ask for one script again", async (t) => {
  let now = 60_000;
  t.mock.method(performance, "now", () => now);
  const parts = failing("twice", 1);
  const first = load(parts);
  now += 10;
  assert.equal((await Promise.all([first, load(parts)])).every(({ errors }) => errors.length === 1), true);
  now += 5_000;
  const answers = await Promise.all([load(parts), load(parts)]);
  for (const { used } of answers) assert.deepEqual(used, [2]);
});
