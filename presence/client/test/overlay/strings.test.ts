import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGLISH, Texts } from "../../src/overlay/strings.js";

const peopleOf = (texts: Texts, ...counts: number[]) => counts.map((count) => texts.people(count));

test("a missing string is English", () => {
  const expected = ["0 people here", "1 person here", "2 people here", "1,300 people here"];
  assert.deepEqual(peopleOf(new Texts(), 0, 1, 2, 1300), expected);
  const german = new Texts({ hide: "Verstecken" });
  assert.equal(german.text("hide"), "Verstecken");
  assert.equal(german.text("bar"), ENGLISH.bar);
});

test("plural forms follow the language", () => {
  const people = { one: "{count} osoba", few: "{count} osoby", many: "{count} osób" };
  assert.deepEqual(peopleOf(new Texts({ locale: "pl", people }), 1, 3, 5, 22), ["1 osoba", "3 osoby", "5 osób", "22 osoby"]);
});

test("plural forms may have examples of their numbers as keys, as the template tag gives them", () => {
  const people = { 0: "zero", 1: "one", 2: "two", 3: "few", 11: "many", 100: "other" };
  const expected = ["zero", "one", "two", "few", "few", "many", "many", "other", "other", "few", "many"];
  assert.deepEqual(peopleOf(new Texts({ locale: "ar", people }), 0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111), expected);
});

test("a missing plural form is the number", () => {
  assert.equal(new Texts({ locale: "ar", people: { other: "{count} here" } }).people(3), "3");
});

test("a name is inserted literally", () => {
  assert.equal(new Texts().text("you", "$& $1 {name}"), "$& $1 {name} (you)");
});

test("visitors are told why they do not see who is here", () => {
  const texts = new Texts({ closed: "Zu" });
  const told = [
    [{ status: "closed", reason: "sign-in" }, ENGLISH["sign-in"]],
    [{ status: "closed", reason: "removed" }, ENGLISH.removed],
    [{ status: "closed", reason: "forbidden" }, "Zu"],
    [{ status: "closed", reason: "no-board" }, "Zu"],
    [{ status: "closed", reason: "malformed" }, "Zu"],
    [{ status: "closed", reason: "refused" }, "Zu"],
    [{ status: "waiting", reason: "refused" }, "Zu"],
    [{ status: "waiting", reason: "try-later" }, ENGLISH["try-later"]],
    [{ status: "waiting", reason: "lost" }, ENGLISH.lost],
    [{ status: "waiting", reason: "restarting" }, ENGLISH.lost],
    [{ status: "connecting", reason: undefined }, ENGLISH.lost],
  ] as const;
  for (const [change, text] of told) assert.equal(texts.why(change), text);
});

test("an invalid locale is refused", () => {
  assert.throws(() => new Texts({ locale: "no such" }), RangeError);
});
