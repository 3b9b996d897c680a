import assert from "node:assert/strict";
import { test } from "node:test";
import { Formats } from "../../src/admin/formats.js";

const english = new Formats("en");

test("counts are whole, and what is not known is a dash", () => {
  assert.equal(english.count(12_345), "12,345");
  assert.equal(english.count(0), "0");
  assert.equal(english.count(null), "–");
});

test("bytes have a unit of their size", () => {
  assert.equal(english.bytes(0), "0 byte/s");
  assert.equal(english.bytes(0.4), "0 byte/s");
  assert.equal(english.bytes(999), "999 byte/s");
  assert.equal(english.bytes(1000), "1 kB/s");
  assert.equal(english.bytes(5_430_000), "5.4 MB/s");
  assert.equal(english.bytes(5e15), "5,000,000 GB/s");
});

test("rates and times", () => {
  assert.equal(english.rate(3.14), "3.1");
  assert.equal(english.milliseconds(0.27), "0.3 ms");
  assert.equal(english.seconds(2.04), "2 sec");
});

test("the page's language is spoken, and English for one that nobody knows", () => {
  assert.equal(new Formats("de").count(12_345), "12.345");
  for (const odd of ["", "tlh", "not a language"]) assert.equal(new Formats(odd).count(1234), "1,234", odd);
});

test("times are in the page's language and in the zone it says", () => {
  const at = Date.UTC(2026, 6, 3, 22, 5) / 1000;
  const german = new Formats("de", "Europe/Berlin").moment(at);
  assert.match(german, /04\.07\.2026.*00:05/);
  assert.match(new Formats("en", "UTC").moment(at), /Jul 3, 2026.*10:05/);
  assert.match(new Formats("en", "Mars/Phobos").moment(at), /2026/, "a zone that nobody knows is the browser's");
});
