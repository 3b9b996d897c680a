import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// The tests run from presence/client/build.
const client = fileURLToPath(new URL("..", import.meta.url));
const folder = `${client}../static/presence/`;

/** The most bytes, gzipped, of what a visitor's browser loads. */
const MOST = { "admin.css": 2_000, "admin.js": 8_000, "overview.css": 3_000, "overview.js": 32_000, "overlay.css": 2_000, "overlay.js": 12_000, "client.js": 6_500, "react.js": 8_500, "count.js": 1_500 };
const styles = readdirSync(folder).filter((name) => name.endsWith(".css"));
const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));

test("what is committed is what its sources give", () => {
  execFileSync(process.execPath, ["build.mjs", "--stale"], { cwd: client, stdio: "pipe" });
});

test("everything has its limit", () => {
  assert.deepEqual([...scripts, ...styles].sort(), Object.keys(MOST).sort());
});

for (const [name, most] of Object.entries(MOST)) {
  test(`${name} is small`, () => {
    const size = gzipSync(readFileSync(folder + name), { level: 9 }).length;
    assert.ok(size <= most, `${size} bytes gzipped`);
  });
}

for (const name of scripts) {
  const text = readFileSync(folder + name, "utf8");

  describe(name, () => {
    test("names no other origin and no source map", () => {
      const urls = text.match(/\b(?:https?|wss?):\/\/[^"'`\s]+/g) ?? [];
      assert.deepEqual([...new Set(urls)].filter((url) => url !== "http://www.w3.org/2000/svg"), []);
      assert.doesNotMatch(text, /sourceMappingURL/);
    });

    test("imports nothing but its peer", () => {
      const imported = [...text.matchAll(/\bimport\b[^;]*?from"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((m) => m[1]);
      assert.deepEqual(imported, name === "react.js" ? ["react"] : []);
    });
  });
}

test("the licence of what is bundled is told", () => {
  for (const name of ["overview.js", "overview.css"]) {
    const text = readFileSync(folder + name, "utf8");
    assert.match(text, /uplot [\d.]+ is part of it\.\s+The MIT License \(MIT\)\s+Copyright \(c\) \d+ Leon Sorokin/);
  }
});

test("only the overlay and the count define an element", () => {
  const defining = scripts.filter((name) => readFileSync(folder + name, "utf8").includes("customElements"));
  assert.deepEqual(defining.sort(), ["count.js", "overlay.js"]);
});

test("the client has nothing of the picture, and needs no page to be loaded", async () => {
  assert.doesNotMatch(readFileSync(`${folder}client.js`, "utf8"), /attachShadow|requestAnimationFrame|createElement/);
  const { PresenceClient } = await import(`${folder}client.js`);
  assert.equal(typeof PresenceClient, "function");
});

test("nothing needs more than a strict Content-Security-Policy and Trusted Types allow", () => {
  const names = readdirSync(`${client}src`, { recursive: true }).map(String);
  const sources = names.filter((name) => /\.\w+$/.test(name)).map((name) => `${client}src/${name}`);
  for (const path of [...sources, ...scripts.map((name) => folder + name)]) {
    const unsafe = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style/;
    assert.doesNotMatch(readFileSync(path, "utf8"), unsafe, path);
  }
});

test("every export of the package is there, with its types, and React is not asked for", () => {
  const said = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  const { version } = JSON.parse(readFileSync(`${client}package.json`, "utf8"));
  assert.equal(said.version, version);
  assert.deepEqual(Object.keys(said.exports).sort(), [".", "./count", "./overlay", "./react"]);
  for (const { types, default: script } of Object.values<{ types: string; default: string }>(said.exports)) {
    assert.ok(existsSync(folder + types), types);
    assert.ok(existsSync(folder + script), script);
  }
  assert.deepEqual(said.peerDependenciesMeta, { react: { optional: true } });
});

test("npm installs it from the static folder, and React is not needed for the client", () => {
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

test("the examples of the documents are right in every type", () => {
  const text = readFileSync(`${client}../../docs/embedding.md`, "utf8");
  const blocks = [...text.matchAll(/^```(js|tsx)\n(.*?)^```$/gms)];
  assert.equal(blocks.length, 2);
  const project = mkdtempSync(`${client}build/examples-`);
  try {
    const names = blocks.map(([, language], at) => `${project}/${at}.${language === "js" ? "ts" : language}`);
    blocks.forEach(([, , code = ""], at) => {
      const packaged = code.replace("/static/presence/client.js", "presence-client");
      writeFileSync(names[at] as string, packaged);
    });
    writeFileSync(`${project}/tsconfig.json`, JSON.stringify({ extends: `${client}tsconfig.json`, files: names }));
    const compiler = `${client}node_modules/typescript/bin/tsc`;
    execFileSync(process.execPath, [compiler, "-p", project, "--noEmit"], { stdio: "pipe" });
  } finally {
    rmSync(project, { recursive: true });
  }
});
