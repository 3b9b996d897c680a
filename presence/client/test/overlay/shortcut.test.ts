import assert from "node:assert/strict";
import { test } from "node:test";
import { LETTER, isShortcut, shortcut } from "../../src/overlay/shortcut.js";

const press = (code: string, ...held: string[]) => ({
  code,
  altKey: held.includes("alt"),
  ctrlKey: held.includes("ctrl"),
  metaKey: held.includes("meta"),
  shiftKey: held.includes("shift"),
});

test("a shortcut is its letter with Alt and Shift, and nothing else", () => {
  assert.equal(isShortcut(LETTER, press("KeyH", "alt", "shift")), true);
  assert.equal(isShortcut("h", press("KeyH", "alt", "shift")), true);
  assert.equal(isShortcut(LETTER, press("KeyH", "shift")), false);
  assert.equal(isShortcut(LETTER, press("KeyH", "alt")), false);
  assert.equal(isShortcut(LETTER, press("KeyH", "alt", "shift", "ctrl")), false);
  assert.equal(isShortcut(LETTER, press("KeyH", "alt", "shift", "meta")), false);
  assert.equal(isShortcut(LETTER, press("KeyJ", "alt", "shift")), false);
});

test("without a letter there is none", () => {
  assert.equal(isShortcut("", press("KeyH", "alt", "shift")), false);
  assert.equal(shortcut(""), "");
  assert.equal(shortcut("k"), "Alt+Shift+K");
});
