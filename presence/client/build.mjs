// Builds the client.
//
//   node build.mjs           src/index.ts, src/overlay.css -> ../static/presence/, and says how big they are
//   node build.mjs --stale   compares what is committed with what the sources give, byte for byte
//   node build.mjs --tests   test/*.test.ts -> build/*.test.mjs, for node --test
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const staticFolder = fileURLToPath(new URL("../static/presence/", import.meta.url));
const BANNER = "/* presence: built from presence/client, not to be edited here. */";
/** What is served, and its sources. */
const SERVED = { "overlay.js": "src/index.ts", "overlay.css": "src/overlay.css" };

async function bundle(source) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [source],
    banner: { js: BANNER, css: BANNER },
    bundle: true,
    charset: "utf8",
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

async function write() {
  await mkdir(staticFolder, { recursive: true });
  for (const [name, source] of Object.entries(SERVED)) {
    const bytes = await bundle(source);
    await writeFile(staticFolder + name, bytes);
    console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

async function compare() {
  for (const [name, source] of Object.entries(SERVED)) {
    const committed = await readFile(staticFolder + name).catch(() => Buffer.alloc(0));
    if (committed.equals(await bundle(source))) continue;
    console.error(`${name} is older than its sources: run \`npm run build\` in presence/client and commit it.`);
    process.exitCode = 1;
  }
}

async function tests() {
  const names = (await readdir(`${here}test`)).filter((name) => name.endsWith(".test.ts"));
  await rm(`${here}build`, { recursive: true, force: true });
  await build({
    absWorkingDir: here,
    entryPoints: names.map((name) => `test/${name}`),
    bundle: true,
    format: "esm",
    logLevel: "warning",
    outExtension: { ".js": ".mjs" },
    outdir: "build",
    packages: "external",
    platform: "node",
    sourcemap: "inline",
    target: "node20",
  });
}

const tasks = { "--stale": compare, "--tests": tests };
await (tasks[process.argv[2]] ?? write)();
