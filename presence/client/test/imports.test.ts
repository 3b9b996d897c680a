import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** The packages that the files of each package may import from, besides their own. */
const ALLOWED: Record<string, readonly string[]> = {
  lib: [],
  protocol: ["lib"],
  client: ["lib", "protocol"],
  overlay: ["lib", "protocol", "client"],
  count: ["lib", "protocol", "client"],
  react: ["lib", "protocol", "client", "overlay", "count"],
  admin: ["lib", "protocol", "client"],
};

// The tests run from presence/client/build.
const source = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(source, { recursive: true }).map(String).filter((name) => name.endsWith(".ts"));

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8");
  const paths = [...text.matchAll(/^(?:import|export|\}).*? from "(\..*?)\.js"|^import "(\..*?)\.js"/gm)];
  return paths.map(([, from, bare]) => `${join(dirname(file), (from ?? bare) as string)}.ts`);
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));
const packageOf = (file: string) => file.split("/")[0] as string;

test("packages import from lower packages only", () => {
  assert.ok([...imports.values()].flat().length > 60, "too few imports were found");
  for (const [file, imported] of imports) {
    const allowed = [packageOf(file), ...(ALLOWED[packageOf(file)] ?? [])];
    for (const other of imported) assert.ok(allowed.includes(packageOf(other)), `${file} may not import ${other}`);
  }
});

test("no file imports itself through others", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    assert.ok(!path.includes(file), `circle: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const other of imports.get(file) ?? assert.fail(`${path.at(-1)} imports ${file}, which does not exist`)) {
      visit(other, [...path, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
});
