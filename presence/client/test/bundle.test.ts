import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// The tests run from presence/client/build.
const client = fileURLToPath(new URL("..", import.meta.url));
const folder = `${client}../static/presence/`;
const read = (name: string) => readFileSync(folder + name, "utf8");

/** The most bytes, gzipped, that a browser loads. */
const STYLES = { "admin.css": 2_000, "overview.css": 3_000 };
const PAGE_SCRIPTS = { "client.js": 6_500, "count.js": 1_600, "overlay.js": 15_000, "react.js": 8_500 };
const PARTS = { "anchors.js": 3_700, "coordinates.js": 600, "nested.js": 2_200, "pictures.js": 700, "shifts.js": 1_000, "stack.js": 1_500, "tokens.js": 1_100, "visitor.js": 3_150 };
const SCRIPTS = { ...PAGE_SCRIPTS, ...PARTS, "admin.js": 8_000, "debug.js": 1_800, "worker.js": 2_600, "overview.js": 32_000 };
const scripts = Object.keys(SCRIPTS);

test("every script and style sheet is small", () => {
  const limits = { ...STYLES, ...SCRIPTS };
  const names = readdirSync(folder).filter((name) => /\.(css|js)$/.test(name));
  assert.deepEqual(names.sort(), Object.keys(limits).sort());
  for (const [name, limit] of Object.entries(limits)) {
    const size = gzipSync(readFileSync(folder + name), { level: 9 }).length;
    assert.ok(size <= limit, `${name}: ${size} bytes gzipped`);
  }
});

test("scripts name no other origin and no source map, and import nothing except React and parts", () => {
  for (const name of scripts) {
    const text = read(name);
    const urls = text.match(/\b(?:https?|wss?):\/\/[^"'`\s]+/g) ?? [];
    assert.deepEqual([...new Set(urls)].filter((url) => url !== "http://www.w3.org/2000/svg"), [], name);
    assert.doesNotMatch(text, /sourceMappingURL/, name);
    const imported = [...text.matchAll(/\bimport\b[^;]*?from"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((m) => m[1] ?? m[2]);
    const expected: Record<string, string[]> = { "react.js": ["react"], "overlay.js": ["./tokens.js"] };
    assert.deepEqual(imported.sort(), expected[name] ?? [], name);
  }
});

test("the overlay finds each part beside it, by its name", () => {
  assert.ok(/`\.\/\$\{\w+\}\.js`/.test(read("overlay.js")));
  const source = readFileSync(`${client}src/overlay/parts.ts`, "utf8");
  const named = [...source.matchAll(/import\("\.\/(.+?)"\)/g)].map(([, name]) => name);
  assert.deepEqual([...named, "tokens.js"].sort(), Object.keys(PARTS).sort());
});

test("what the build renames is no name of the browser's and none that a site uses", async () => {
  const lists = readFileSync(`${client}build.mjs`, "utf8").matchAll(/^const (?:PROPERTIES|ENVIRONMENT) = \[(.*?)\];/gms);
  const renamed = [...lists].map(([, list]) => list).join();
  const names = renamed.match(/\b\w+\b(?=[^"()]*")/g) ?? [];
  assert.ok(names.length > 30);
  const { domprops } = (await import(`${client}node_modules/terser/tools/domprops.js`)) as { domprops: string[] };
  const pages = ["README.md", "../../docs/overlay.md", "../../docs/embedding.md"].map((name) => readFileSync(client + name, "utf8"));
  const code = pages.flatMap((page) => page.match(/^```(html|jsx?|tsx?)$.*?^```$|(?<!`)`[^`\n]+`/gms) ?? []);
  const taken = new Set([...domprops, ...code.flatMap((text) => text.match(/[.\w-]+/g) ?? [])]);
  assert.deepEqual(names.filter((name) => taken.has(name)), []);
});

test("the licence of bundled code is included", () => {
  for (const name of ["overview.js", "overview.css"]) {
    assert.match(read(name), /Includes uplot [\d.]+\.\s+The MIT License \(MIT\)\s+Copyright \(c\) \d+ Leon Sorokin/);
  }
});

test("only the overlay and the count define an element", () => {
  const defining = scripts.filter((name) => read(name).includes("customElements"));
  assert.deepEqual(defining.sort(), ["count.js", "overlay.js"]);
});

test("a page may give the client an environment, whose members have their names", () => {
  for (const name of ["client.js", "react.js"]) assert.match(read(name), /\bsetTimer\b.*\brecall\b/s, name);
});

test("the client exports what is documented, has no display, and loads without a page", async () => {
  assert.doesNotMatch(read("client.js"), /attachShadow|requestAnimationFrame|createElement/);
  const names = ["ACTIVE", "AWAY", "IDLE", "OFF_BOARD", "PresenceClient", "TokenError"];
  names.push("anchorAt", "anchorHash", "anchorPoint", "tokensFrom");
  assert.deepEqual(Object.keys(await import(`${folder}client.js`)).sort(), names);
});

test("a strict Content-Security-Policy and Trusted Types allow everything", () => {
  const sources = readdirSync(`${client}src`, { recursive: true }).map((name) => `${client}src/${name}`);
  for (const path of [...sources.filter((name) => /\.\w+$/.test(name)), ...scripts.map((name) => folder + name)]) {
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style/;
    assert.doesNotMatch(readFileSync(path, "utf8"), unsafe, path);
  }
});
