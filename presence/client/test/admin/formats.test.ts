import assert from "node:assert/strict";
import { test } from "node:test";
import { Formats } from "../../src/admin/formats.js";

const english = new Formats("en");

test("numbers have the unit of their size, and an unknown one is a dash", () => {
  assert.deepEqual([12_345, 0, null].map((count) => english.count(count)), ["12,345", "0", "–"]);
  const bytes = [0, 0.4, 999, 1000, 5_430_000, 5e15].map((value) => english.bytes(value));
  assert.deepEqual(bytes, ["0 byte/s", "0 byte/s", "999 byte/s", "1 kB/s", "5.4 MB/s", "5,000,000 GB/s"]);
  assert.deepEqual([english.rate(3.14), english.milliseconds(0.27), english.seconds(2.04)], ["3.1", "0.3 ms", "2 sec"]);
});

test("numbers are in the page's language, or in English if that is unknown", () => {
  assert.equal(new Formats("de").count(12_345), "12.345");
  for (const unknown of ["", "tlh", "not a language"]) assert.equal(new Formats(unknown).count(1234), "1,234", unknown);
});

test("times are in the page's language and time zone, or in the browser's zone if that is unknown", () => {
  const at = Date.UTC(2026, 6, 3, 22, 5) / 1000;
  assert.match(new Formats("de", "Europe/Berlin").moment(at), /04\.07\.2026.*00:05/);
  assert.match(new Formats("en", "UTC").moment(at), /Jul 3, 2026.*10:05/);
  assert.match(new Formats("en", "Mars/Phobos").moment(at), /2026/);
});
