// Builds the client.
//
//   node build.mjs           src -> ../static/presence/, and prints the sizes
//   node build.mjs --stale   fails if the committed files differ from what the sources give
//   node build.mjs --pack    src -> dist, which the npm package contains
//   node build.mjs --tests   test/**/*.test.ts -> build/*.test.mjs, for node --test
//   node build.mjs --pages   test/pages/*.tsx -> build/pages, React pages for the browser tests
//
// Django serves the built files, which are committed, so that a site needs no Node. Sites with a bundler use the npm
// package, which `npm pack` builds.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const staticFolder = fileURLToPath(new URL("../static/presence/", import.meta.url));

const BANNER = "/* presence: built from presence/client. Do not edit. */";
/** Scripts that pages load and bundlers import (package.json, "exports"), with their entry points in src. */
const SCRIPTS = { overlay: "overlay/element", client: "client/client", react: "react/react", count: "count/element" };
/** Scripts that only pages load: the admin's, and others while Django's DEBUG is on. */
const PAGES = { admin: "admin/boards", overview: "admin/overview", debug: "overlay/debug" };
const OVERLAY_STYLES = "src/overlay/overlay.css";
const STYLES = {
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
    define: source === OVERLAY_STYLES ? {} : await overlayStyles(),
    external: PEERS,
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    write: false,
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/** The overlay has its style sheet in its script: a policy without `style-src` allows it there. */
async function overlayStyles() {
  const styles = await bundle(OVERLAY_STYLES, "overlay.css");
  return { OVERLAY_CSS: JSON.stringify(styles.toString()) };
}

/** All built files by their path in the static folder. */
async function everything() {
  const files = {};
  for (const [name, source] of Object.entries({ ...SCRIPTS, ...PAGES })) {
    files[`${name}.js`] = await bundle(`src/${source}.ts`, `${name}.js`);
  }
  for (const [name, source] of Object.entries(STYLES)) files[name] = await bundle(source, name);
  return files;
}

async function write() {
  for (const [name, bytes] of Object.entries(await everything())) {
    await writeFile(staticFolder + name, bytes);
    console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

async function compare() {
  const files = await everything();
  const committed = await readdir(staticFolder);
  const stale = committed.filter((name) => !(name in files));
  for (const [name, bytes] of Object.entries(files)) {
    const old = await readFile(staticFolder + name).catch(() => Buffer.alloc(0));
    if (!old.equals(bytes)) stale.push(name);
  }
  if (stale.length === 0) return console.log("presence/static is up to date.");
  console.error(`stale: ${stale.join(", ")}. Run \`npm run build\` in presence/client and commit the result.`);
  process.exitCode = 1;
}

/** Unlike Django's files these share their common code, which a bundler minifies. */
async function pack() {
  const fresh = await mkdtemp(`${here}dist-`);
  await build({
    absWorkingDir: here,
    entryPoints: Object.entries(SCRIPTS).map(([out, source]) => ({ in: `src/${source}.ts`, out })),
    bundle: true,
    charset: "utf8",
    define: await overlayStyles(),
    format: "esm",
    logLevel: "warning",
    minifySyntax: true,
    outdir: fresh,
    packages: "external",
    splitting: true,
    target: "es2022",
  });
  const compiler = [`${here}node_modules/typescript/bin/tsc`, "-p", `${here}tsconfig.types.json`];
  execFileSync(process.execPath, [...compiler, "--outDir", `${fresh}/types`], { stdio: "inherit" });
  await copyFile(`${here}../../LICENSE`, `${fresh}/LICENSE`);
  await replace(`${here}dist`, fresh);
}

/** Leaves an equal folder alone, because another `npm pack` may be reading it. */
async function replace(folder, fresh) {
  if ((await contents(folder)) === (await contents(fresh))) return rm(fresh, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

/** The names and texts of all files in a folder as one text, to compare. */
async function contents(folder) {
  const names = (await readdir(folder, { recursive: true }).catch(() => [])).sort();
  const texts = names.map((name) => readFile(join(folder, name), "utf8").catch(() => "a folder"));
  return JSON.stringify([names, await Promise.all(texts)]);
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
  await documented(`${here}build/pages/documented`);
  const names = await readdir(`${here}test/pages`);
  for (const mode of ["production", "development"]) {
    await build({
      absWorkingDir: here,
      alias: { "django-live-presence/react": "./src/react/react.ts" },
      entryPoints: names.map((name) => `test/pages/${name}`),
      bundle: true,
      loader: { ".html": "copy" },
      define: { "process.env.NODE_ENV": JSON.stringify(mode) },
      format: "esm",
      jsx: "automatic",
      logLevel: "warning",
      minify: mode === "production",
      outdir: `build/pages/${mode}`,
      target: "es2022",
    });
  }
}

const tasks = { "--stale": compare, "--pack": pack, "--tests": tests, "--pages": pages };
await (tasks[process.argv[2]] ?? write)();
