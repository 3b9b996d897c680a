import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fitName } from "../../src/protocol/names.js";

/** Vectors that the server passes too. The tests run from presence/client/build. */
const path = new URL("../../../tests/vectors/names.json", import.meta.url);
const { names } = JSON.parse(readFileSync(path, "utf8")) as {
  readonly names: readonly { readonly name: string; readonly compact: string }[];
};

test("a name is cut between what readers take for letters", () => {
  assert.ok(names.length >= 10);
  for (const { name, compact } of names) assert.equal(fitName(name), compact);
});

test("without Intl.Segmenter it is cut between characters", () => {
  const { Segmenter } = Intl;
  try {
    Object.assign(Intl, { Segmenter: undefined });
    assert.equal(fitName("🇩🇪".repeat(13)), `${"🇩🇪".repeat(11)}🇩…`);
  } finally {
    Object.assign(Intl, { Segmenter });
  }
});
