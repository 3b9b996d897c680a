import assert from "node:assert/strict";
import { test } from "node:test";
import { listed, loadPart } from "../../src/overlay/parts.js";

async function load(parts: string | null) {
  const [used, errors]: [unknown[], string[]] = [[], []];
  const host = { getAttribute: () => parts, report: ({ message }: Error) => void errors.push(message) };
  await loadPart(host, "coordinates", (part) => used.push(part.worldOn));
  return { used, errors };
}

const at = (script: string) => JSON.stringify({ coordinates: `data:text/javascript,${script}` });

test("a part comes from where the tag says, else from beside the script", async () => {
  assert.deepEqual(await load(at("export const worldOn = 7")), { used: [7], errors: [] });
  for (const parts of [null, "{}"]) assert.equal(typeof (await load(parts)).used[0], "function");
});

test("what another module loads comes from where the tag says, too", async () => {
  const find = (parts: string | null) => listed<{ worldOn: number }>({ getAttribute: () => parts }, "coordinates");
  assert.equal((await find(at("export const worldOn = 8")))?.worldOn, 8);
  for (const parts of [null, "", "{}"]) assert.equal(find(parts), undefined);
});

test("a part that cannot be loaded is reported, and not used", async () => {
  for (const parts of [at("throw Error('no')"), '{"coordinates": "data:text/plain,"}', "no JSON"]) {
    const { used, errors } = await load(parts);
    assert.deepEqual([used.length, errors.length], [0, 1], parts);
  }
});
