import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, isChosen, isShortcut, shortcutLetter, shortcutText } from "../../src/overlay/preferences.js";
import { FakeEnvironment } from "../support/environment.js";

test("a choice is stored, and removed when it is taken back", () => {
  const environment = new FakeEnvironment();
  choose("hide", true, environment);
  assert.deepEqual([isChosen("hide", environment), isChosen("unseen", environment)], [true, false]);
  assert.deepEqual([...environment.memory.keys()], ["presence-hide"]);
  choose("hide", false, environment);
  assert.equal(isChosen("hide", environment), false);
  assert.equal(environment.memory.size, 0);
});

test("the shortcut is a letter with Alt and Shift and nothing else", () => {
  const press = (code: string, ...held: string[]) => ({
    code,
    altKey: held.includes("alt"),
    ctrlKey: held.includes("ctrl"),
    metaKey: held.includes("meta"),
    shiftKey: held.includes("shift"),
  });
  for (const letter of ["H", "h"]) assert.equal(isShortcut(letter, press("KeyH", "alt", "shift")), true);
  const held = [["shift"], ["alt"], ["alt", "shift", "ctrl"], ["alt", "shift", "meta"]];
  for (const keys of held) assert.equal(isShortcut("H", press("KeyH", ...keys)), false, String(keys));
  assert.equal(isShortcut("H", press("KeyJ", "alt", "shift")), false);
  assert.equal(isShortcut("", press("KeyH", "alt", "shift")), false);
});

test("the shortcut's letter is an attribute, H by default", () => {
  const letters = [null, "k", ""].map((attribute) => shortcutLetter({ getAttribute: () => attribute }));
  assert.deepEqual(letters.map(shortcutText), ["Alt+Shift+H", "Alt+Shift+K", ""]);
});
