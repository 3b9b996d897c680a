import assert from "node:assert/strict";
import { test } from "node:test";
import { recall, remember } from "../../src/overlay/preferences.js";

function keep() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

test("a choice is remembered, and taken back", () => {
  const storage = keep();
  remember("hide", true, () => storage);
  assert.equal(recall("hide", () => storage), true);
  assert.equal(recall("unseen", () => storage), false);
  remember("hide", false, () => storage);
  assert.equal(recall("hide", () => storage), false);
  assert.equal(storage.kept.size, 0, "nothing is left of it");
});

test("where nothing can be kept, nothing is", () => {
  const forbidden = () => {
    throw new Error("SecurityError");
  };
  remember("unseen", true, forbidden);
  assert.equal(recall("unseen", forbidden), false);
});
