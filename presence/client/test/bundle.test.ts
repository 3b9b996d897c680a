import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// The tests run from presence/client/build.
const client = fileURLToPath(new URL("..", import.meta.url));
const folder = `${client}../static/presence/`;
const read = (name: string) => readFileSync(folder + name, "utf8");

/** The most bytes, gzipped, that a browser loads. */
const STYLES = { "admin.css": 2_000, "overlay.css": 2_000, "overview.css": 3_000 };
const PAGE_SCRIPTS = { "client.js": 6_500, "count.js": 1_500, "overlay.js": 12_000, "react.js": 8_500 };
const SCRIPTS = { ...PAGE_SCRIPTS, "admin.js": 8_000, "overview.js": 32_000 };
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

test("scripts name no other origin and no source map, and import nothing except React", () => {
  for (const name of scripts) {
    const text = read(name);
    const urls = text.match(/\b(?:https?|wss?):\/\/[^"'`\s]+/g) ?? [];
    assert.deepEqual([...new Set(urls)].filter((url) => url !== "http://www.w3.org/2000/svg"), [], name);
    assert.doesNotMatch(text, /sourceMappingURL/, name);
    const imported = [...text.matchAll(/\bimport\b[^;]*?from"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((m) => m[1]);
    assert.deepEqual(imported, name === "react.js" ? ["react"] : [], name);
  }
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

test("the client exports what is documented, has no display, and loads without a page", async () => {
  assert.doesNotMatch(read("client.js"), /attachShadow|requestAnimationFrame|createElement/);
  const names = ["ACTIVE", "AWAY", "IDLE", "OFF_BOARD", "PresenceClient", "TokenError", "tokensFrom"];
  assert.deepEqual(Object.keys(await import(`${folder}client.js`)).sort(), names);
});

test("a strict Content-Security-Policy and Trusted Types allow everything", () => {
  const sources = readdirSync(`${client}src`, { recursive: true }).map((name) => `${client}src/${name}`);
  for (const path of [...sources.filter((name) => /\.\w+$/.test(name)), ...scripts.map((name) => folder + name)]) {
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style/;
    assert.doesNotMatch(readFileSync(path, "utf8"), unsafe, path);
  }
});

test("every export of the package exists with its types, and React is optional", () => {
  const manifest = JSON.parse(read("package.json"));
  const { version } = JSON.parse(readFileSync(`${client}package.json`, "utf8"));
  assert.equal(manifest.version, version);
  assert.deepEqual(Object.keys(manifest.exports).sort(), [".", "./count", "./overlay", "./react"]);
  for (const { types, default: script } of Object.values<{ types: string; default: string }>(manifest.exports)) {
    for (const path of [types, script]) assert.ok(existsSync(folder + path), path);
  }
  assert.deepEqual(manifest.peerDependenciesMeta, { react: { optional: true } });
});

test("npm installs the client from the static folder without React", () => {
  const project = mkdtempSync(join(tmpdir(), "presence-npm-"));
  const options = { cwd: project, stdio: "pipe" } as const;
  try {
    execFileSync("npm", ["install", "--install-links", "--offline", "--no-audit", "--no-fund", folder], options);
    const use = "import('presence-client').then(({ PresenceClient }) => console.log(typeof PresenceClient))";
    assert.equal(execFileSync(process.execPath, ["-e", use], options).toString(), "function\n");
    assert.deepEqual(readdirSync(join(project, "node_modules")).filter((name) => name[0] !== "."), ["presence-client"]);
  } finally {
    rmSync(project, { recursive: true });
  }
});

test("the examples of the documentation have correct types", () => {
  const text = readFileSync(`${client}../../docs/embedding.md`, "utf8");
  const blocks = [...text.matchAll(/^```(js|tsx)\n(.*?)^```$/gms)];
  assert.equal(blocks.length, 2);
  const project = mkdtempSync(`${client}build/examples-`);
  try {
    const files = blocks.map(([, language, code = ""], at) => {
      const file = `${project}/${at}.${language === "js" ? "ts" : language}`;
      writeFileSync(file, code.replace("/static/presence/client.js", "presence-client"));
      return file;
    });
    writeFileSync(`${project}/tsconfig.json`, JSON.stringify({ extends: `${client}tsconfig.json`, files }));
    const compiler = `${client}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [compiler, "-p", project, "--noEmit"], { stdio: "pipe" });
  } finally {
    rmSync(project, { recursive: true });
  }
});
