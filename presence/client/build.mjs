// Builds the client.
//
//   node build.mjs           src/index.ts -> ../static/presence/overlay.js, and says how big it is
//   node build.mjs --stale   compares the committed bundle with what the sources give, byte for byte
//   node build.mjs --tests   test/*.test.ts -> build/*.test.mjs, for node --test
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const staticFolder = fileURLToPath(new URL("../static/presence/", import.meta.url));
const bundlePath = `${staticFolder}overlay.js`;

async function bundle() {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["src/index.ts"],
    banner: { js: "/* presence: built from presence/client, not to be edited here. */" },
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
  const bytes = await bundle();
  await mkdir(staticFolder, { recursive: true });
  await writeFile(bundlePath, bytes);
  console.log(`overlay.js: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
}

async function compare() {
  const committed = await readFile(bundlePath).catch(() => Buffer.alloc(0));
  if (committed.equals(await bundle())) return console.log("overlay.js is what its sources give.");
  console.error("overlay.js is older than its sources: run `npm run build` in presence/client and commit it.");
  process.exitCode = 1;
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
