// Builds the client.
//
//   node build.mjs           src -> ../static/presence/, and prints the sizes
//   node build.mjs --stale   fails if the committed files differ from what the sources give
//   node build.mjs --tests   test/**/*.test.ts -> build/*.test.mjs, for node --test
//   node build.mjs --pages   test/pages/*.tsx -> build/pages, React pages for the browser tests
//
// The built files are committed, so that a site needs no Node. They are also an npm package: scripts, their types,
// and a package.json for bundlers.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const staticFolder = fileURLToPath(new URL("../static/presence/", import.meta.url));

const BANNER = "/* presence: built from presence/client. Do not edit. */";
/** Scripts that pages load and bundlers import, with their entry points in src. */
const SCRIPTS = { overlay: "overlay/element", client: "client/client", react: "react/react", count: "count/element" };
/** Scripts that only the admin's pages load. */
const PAGES = { admin: "admin/boards", overview: "admin/overview" };
const STYLES = {
  "overlay.css": "src/overlay/overlay.css",
  "admin.css": "src/admin/admin.css",
  "overview.css": "src/admin/overview.css",
};
/** Files that contain the code of a package, and therefore its licence. */
const BUNDLED = { "overview.js": "uplot", "overview.css": "uplot" };
/** Packages that a site has if it needs them. */
const PEERS = ["react"];

async function licence(name) {
  const folder = `${here}node_modules/${name}/`;
  const { version } = JSON.parse(await readFile(`${folder}package.json`, "utf8"));
  const text = await readFile(`${folder}LICENSE`, "utf8");
  return `/*! Includes ${name} ${version}.\n\n${text.trim()}\n*/`;
}

async function bundle(source, name) {
  const banner = BUNDLED[name] ? `${BANNER}\n${await licence(BUNDLED[name])}` : BANNER;
  const result = await build({
    absWorkingDir: here,
    entryPoints: [source],
    banner: { js: banner, css: banner },
    bundle: true,
    charset: "utf8",
    external: PEERS,
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

async function types() {
  const folder = await mkdtemp(join(tmpdir(), "presence-types-"));
  const compiler = `${here}node_modules/typescript/bin/tsc`;
  const options = ["-p", `${here}tsconfig.types.json`, "--outDir", folder];
  execFileSync(process.execPath, [compiler, ...options], { stdio: "inherit" });
  const files = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    if (name.endsWith(".d.ts")) files[`types/${name}`] = await readFile(join(folder, name));
  }
  await rm(folder, { recursive: true });
  return files;
}

async function manifest() {
  const { version, license, description } = JSON.parse(await readFile(`${here}package.json`, "utf8"));
  const entry = ([name, source]) => [
    name === "client" ? "." : `./${name}`,
    { types: `./types/${source}.d.ts`, default: `./${name}.js` },
  ];
  const text = {
    name: "presence-client",
    version,
    description,
    license,
    type: "module",
    exports: Object.fromEntries(Object.entries(SCRIPTS).map(entry)),
    sideEffects: ["./overlay.js", "./count.js"],
    peerDependencies: { react: ">=18" },
    peerDependenciesMeta: { react: { optional: true } },
  };
  return Buffer.from(`${JSON.stringify(text, null, 2)}\n`);
}

/** All built files by their path in the static folder. */
async function everything() {
  const files = { "package.json": await manifest(), ...(await types()) };
  for (const [name, source] of Object.entries({ ...SCRIPTS, ...PAGES })) {
    files[`${name}.js`] = await bundle(`src/${source}.ts`, `${name}.js`);
  }
  for (const [name, source] of Object.entries(STYLES)) files[name] = await bundle(source, name);
  return files;
}

async function write() {
  await rm(`${staticFolder}types`, { recursive: true, force: true });
  for (const [name, bytes] of Object.entries(await everything())) {
    await mkdir(dirname(staticFolder + name), { recursive: true });
    await writeFile(staticFolder + name, bytes);
    if (!/\.(js|css)$/.test(name)) continue;
    console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

async function compare() {
  const files = await everything();
  const committed = (await readdir(staticFolder, { recursive: true })).filter((name) => /\.\w+$/.test(name));
  const stale = committed.filter((name) => !(name in files));
  for (const [name, bytes] of Object.entries(files)) {
    const old = await readFile(staticFolder + name).catch(() => Buffer.alloc(0));
    if (!old.equals(bytes)) stale.push(name);
  }
  if (stale.length === 0) return console.log("presence/static is up to date.");
  console.error(`stale: ${stale.join(", ")}. Run \`npm run build\` in presence/client and commit the result.`);
  process.exitCode = 1;
}

async function tests() {
  const names = (await readdir(`${here}test`, { recursive: true })).filter((name) => /\.test\.tsx?$/.test(name));
  await rm(`${here}build`, { recursive: true, force: true });
  await build({
    absWorkingDir: here,
    entryPoints: names.map((name) => ({ in: `test/${name}`, out: name.replace(/\.tsx?$/, "").replaceAll("/", "-") })),
    bundle: true,
    format: "esm",
    jsx: "automatic",
    logLevel: "warning",
    outExtension: { ".js": ".mjs" },
    outdir: "build",
    packages: "external",
    platform: "node",
    sourcemap: "inline",
    target: "node20",
  });
}

/** Write the React example of docs/embedding.md to a folder. */
async function documented(folder) {
  const text = await readFile(`${here}../../docs/embedding.md`, "utf8");
  const [, code] = text.match(/^```tsx\n(.*?)^```$/ms);
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/example.tsx`, code);
}

/** Bundle the test pages like a site, for production and for development. */
async function pages() {
  // As `npm install --install-links` copies the package.
  const modules = `${here}build/pages/node_modules`;
  await rm(modules, { recursive: true, force: true });
  await mkdir(modules, { recursive: true });
  await cp(staticFolder, `${modules}/presence-client`, { recursive: true });
  await documented(`${here}build/pages/documented`);
  const names = await readdir(`${here}test/pages`);
  for (const mode of ["production", "development"]) {
    await build({
      absWorkingDir: here,
      entryPoints: names.map((name) => `test/pages/${name}`),
      bundle: true,
      loader: { ".html": "copy" },
      define: { "process.env.NODE_ENV": JSON.stringify(mode) },
      format: "esm",
      jsx: "automatic",
      logLevel: "warning",
      minify: mode === "production",
      nodePaths: [modules],
      outdir: `build/pages/${mode}`,
      target: "es2022",
    });
  }
}

const tasks = { "--stale": compare, "--tests": tests, "--pages": pages };
await (tasks[process.argv[2]] ?? write)();
