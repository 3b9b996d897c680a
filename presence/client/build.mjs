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
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = fileURLToPath(new URL(".", import.meta.url));
const staticFolder = fileURLToPath(new URL("../static/presence/", import.meta.url));

const BANNER = "/* presence: built from presence/client. Do not edit. */";
/** Scripts that pages load and bundlers import (package.json, "exports"), with their entry points in src. */
const SCRIPTS = { overlay: "overlay/element", client: "client/client", react: "react/react", count: "count/element" };
/** Scripts that the overlay imports where a page needs them. They share objects with it. */
const PARTS = {
  anchors: "overlay/anchors",
  coordinates: "overlay/coordinates",
  nested: "overlay/nested",
  pictures: "overlay/pictures",
  shifts: "overlay/shifts",
  stack: "overlay/stack",
  tokens: "client/tokens",
  visitor: "overlay/visitor",
};
/** Scripts that only pages load: the admin's, one while Django's DEBUG is on, and the worker of tabs that share sockets. */
const PAGES = { admin: "admin/boards", overview: "admin/overview", debug: "overlay/debug", worker: "client/worker" };
/** Style sheets that scripts contain as texts, by the names of these: a policy without `style-src` allows them there. */
const INNER_STYLES = { OVERLAY_CSS: "src/overlay/overlay.css", PICTURES_CSS: "src/overlay/pictures.css", VISITOR_CSS: "src/overlay/visitor.css" };
const STYLES = {
  "admin.css": "src/admin/admin.css",
  "overview.css": "src/admin/overview.css",
};
/** Files that contain the code of a package, and therefore its licence. */
const BUNDLED = { "overview.js": "uplot", "overview.css": "uplot" };
/**
 * Names of our own that no page sees: properties, and the types of messages. SCRIPTS as built have short ones instead. A
 * property must not be called like one of the browser's or a documented one, which a test compares. The scripts of the
 * admin get JSON with names of the server's, and keep all. So does a module with what it exports.
 */
const PROPERTIES = [
  ..."announce attempts beat congested dead failed follow goal handle innerView introduce isTouch leave".split(" "),
  ..."loadTokens moving name_set own pixelsOf pointing press reducedMotion refreshBar report rest ripple".split(" "),
  ..."safely seq setHidden settle setUnseen shown shows sink started subprotocols texts toFraction told".split(" "),
  ..."toOwn u16 u8 welcome welcomed".split(" "),
];
/** Those of an environment, which a page may give to `client.js` and `react.js`. Only the overlay has short ones. */
const ENVIRONMENT = [..."clearTimer listen recall remember setTimer wall".split(" ")];
const MESSAGES = [
  ..."ANCHORS AVATARS CURSOR_BROADCAST CURSOR_UPDATE HEARTBEAT JOIN LEAVE NOTICE".split(" "),
  ..."PRESENCE_UPDATE PROBE RATE ROSTER STATE USER_JOINED USER_LEFT WELCOME".split(" "),
];
/** What differs in scripts that a site's bundler, or a test, makes. */
const IN_BUNDLES = { BESIDE: "false" };
/** Packages that a site has if it needs them. */
const PEERS = ["react"];

async function licence(name) {
  const folder = `${here}node_modules/${name}/`;
  const { version } = JSON.parse(await readFile(`${folder}package.json`, "utf8"));
  const text = await readFile(`${folder}LICENSE`, "utf8");
  return `/*! Includes ${name} ${version}.\n\n${text.trim()}\n*/`;
}

/** What a script imports while it runs is a script of its own, beside it. */
const parts = {
  name: "parts",
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path: `./${basename(path)}`, external: true } : undefined,
    );
  },
};

async function bundle(source, options = {}) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [source],
    bundle: true,
    charset: "utf8",
    define: source.endsWith(".css") ? {} : await constants(),
    external: PEERS,
    format: "esm",
    legalComments: "none",
    minify: true,
    target: "es2022",
    // A field without a value needs no declaration of its own in what browsers run.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    write: false,
    ...options,
  });
  Object.assign(options.mangleCache ?? {}, result.mangleCache);
  return result.outputFiles[0].text;
}

/** What the sources declare and do not have. */
async function constants() {
  const texts = { BESIDE: "true" };
  for (const [name, source] of Object.entries(INNER_STYLES)) texts[name] = JSON.stringify((await bundle(source)).trim());
  return texts;
}

/** Shorten a script further than esbuild does: terser names more variables alike, which compresses better. */
async function shorten(script) {
  // The unsafe ones suppose that nobody replaced a built-in, that no text is made of an object with a `valueOf` of its own,
  // and that no function without a name, nor one of an object, is called with `new`.
  const compress = { hoist_funs: true, inline: 1, lhs_constants: false, passes: 2 };
  Object.assign(compress, { unsafe: true, unsafe_arrows: true, unsafe_methods: true });
  const options = { compress, ecma: 2022, module: true };
  // The second time it knows how often each name occurs in the end.
  return (await minify((await minify(script, options)).code, options)).code;
}

/** A script with short names in place of `names` and MESSAGES. */
async function renamed(source, names, options) {
  const script = await bundle(source, { mangleProps: new RegExp(`^(${names.join("|")})$`), ...options });
  return script.replace(new RegExp(`"(${MESSAGES.join("|")})"`, "g"), (_, name) => `(${MESSAGES.indexOf(name)})`);
}

/** All built files by their path in the static folder. */
async function everything() {
  const texts = {};
  const { overlay, ...others } = SCRIPTS;
  const { OVERLAY_CSS, ...define } = await constants();
  const sharing = { define: { ...define, OVERLAY_CSS: "$css" }, mangleCache: {}, plugins: [parts] };
  for (const [name, source] of Object.entries({ overlay, ...PARTS })) {
    texts[`${name}.js`] = await shorten(await renamed(`src/${source}.ts`, [...PROPERTIES, ...ENVIRONMENT], sharing));
  }
  // It stands first. In the midst of the script it would keep apart what is alike: gzip looks back over 32 kB only.
  texts["overlay.js"] = `const $css=${OVERLAY_CSS};${texts["overlay.js"]}`;
  for (const [name, source] of Object.entries(others)) {
    texts[`${name}.js`] = await shorten(await renamed(`src/${source}.ts`, PROPERTIES));
  }
  for (const [name, source] of Object.entries(PAGES)) texts[`${name}.js`] = await shorten(await bundle(`src/${source}.ts`));
  for (const [name, source] of Object.entries(STYLES)) texts[name] = await bundle(source);
  const version = createHash("sha256").update(texts["worker.js"]).digest("hex").slice(0, 8);
  texts["worker.js"] = texts["worker.js"].replaceAll("WORKER_VERSION", JSON.stringify(version));
  const files = {};
  for (const [name, text] of Object.entries(texts)) {
    const notice = BUNDLED[name] ? `${await licence(BUNDLED[name])}\n` : "";
    files[name] = Buffer.from(`${BANNER}\n${notice}${text.trim()}\n`);
  }
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
    define: { ...(await constants()), ...IN_BUNDLES },
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
    define: IN_BUNDLES,
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
      define: { ...IN_BUNDLES, "process.env.NODE_ENV": JSON.stringify(mode) },
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
