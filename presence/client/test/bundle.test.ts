import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// The tests run from presence/client/build.
const client = fileURLToPath(new URL("..", import.meta.url));
const bundle = readFileSync(`${client}../static/presence/overlay.js`);
const sheet = readFileSync(`${client}../static/presence/overlay.css`);

test("what is committed is what its sources give", () => {
  execFileSync(process.execPath, ["build.mjs", "--stale"], { cwd: client, stdio: "pipe" });
});

test("it is small", () => {
  for (const [bytes, most] of [[bundle, 12_000], [sheet, 2_000]] as const) {
    const size = gzipSync(bytes, { level: 9 }).length;
    assert.ok(size <= most, `${size} bytes gzipped`);
  }
});

test("nothing in it needs more than a strict Content-Security-Policy and Trusted Types allow", () => {
  const sources = readdirSync(`${client}src`).map((name) => readFileSync(`${client}src/${name}`, "utf8"));
  for (const text of [bundle.toString(), ...sources]) {
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style/;
    assert.doesNotMatch(text, unsafe);
  }
});

test("it names no other origin and no source map", () => {
  const urls = bundle.toString().match(/\b(?:https?|wss?):\/\/[^"'`\s]+/g) ?? [];
  assert.deepEqual([...new Set(urls)], ["http://www.w3.org/2000/svg"]);
  assert.doesNotMatch(bundle.toString(), /sourceMappingURL/);
});
