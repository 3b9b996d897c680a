import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ENGLISH, Words } from "../../src/overlay/strings.js";

describe("words", () => {
  test("are English unless given", () => {
    const words = new Words();
    assert.deepEqual([0, 1, 2, 1300].map((n) => words.people(n)), [
      "0 people here",
      "1 person here",
      "2 people here",
      "1,300 people here",
    ]);
    assert.equal(words.say("goTo", "Ada"), "Go to Ada");
    assert.equal(new Words({ hide: "Verstecken" }).say("hide"), "Verstecken");
    assert.equal(new Words({ hide: "Verstecken" }).say("bar"), ENGLISH.bar);
  });

  test("take the plural forms of the language", () => {
    const people = { one: "{count} osoba", few: "{count} osoby", many: "{count} osób" };
    const words = new Words({ locale: "pl", people });
    assert.deepEqual([1, 3, 5, 22].map((n) => words.people(n)), ["1 osoba", "3 osoby", "5 osób", "22 osoby"]);
  });

  test("take forms under examples of their numbers, as gettext gives them", () => {
    const people = { 0: "zero", 1: "one", 2: "two", 3: "few", 11: "many", 100: "other" };
    const words = new Words({ locale: "ar", people });
    const counts = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111];
    const expected = ["zero", "one", "two", "few", "few", "many", "many", "other", "other", "few", "many"];
    assert.deepEqual(counts.map((n) => words.people(n)), expected);
  });

  test("where a form is missing there is the number", () => {
    assert.equal(new Words({ locale: "ar", people: { other: "{count} here" } }).people(3), "3");
    assert.equal(new Words({ people: {} }).people(3), "3");
  });

  test("a name is put in as it is", () => {
    assert.equal(new Words().say("you", "$& $1 {name}"), "$& $1 {name} (you)");
  });

  test("a locale that is none is refused", () => {
    assert.throws(() => new Words({ locale: "no such" }), RangeError);
  });
});
