/** The npm package, as it is packed and installed. tests/client_facing/test_vite.py runs it in a browser. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

// The tests run from presence/client/build.
const client = fileURLToPath(new URL("..", import.meta.url));
const compiler = `${client}node_modules/typescript/bin/tsc`;
const ENTRIES = ["django-live-presence", "django-live-presence/overlay", "django-live-presence/count"];
const OPTIONS = { target: "ES2022", lib: ["ES2022", "DOM", "DOM.Iterable"], strict: true, noEmit: true };
const RESOLUTIONS = [
  { module: "ESNext", moduleResolution: "bundler" },
  { module: "Node16", moduleResolution: "node16" },
];

/** A project without React, outside of this folder, so that nothing here is found by accident. */
let plain: string;
/** A project that finds React, and its types, in this folder's node_modules. */
let withReact: string;

function run(folder: string, command: string, ...options: string[]): string {
  return execFileSync(command, options, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function compile(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  for (const resolution of RESOLUTIONS) {
    const compilerOptions = { ...OPTIONS, ...resolution, jsx: "react-jsx", types: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
    run(folder, process.execPath, compiler, "-p", folder, "--pretty", "false");
  }
}

before(() => {
  plain = mkdtempSync(join(tmpdir(), "presence-npm-"));
  withReact = mkdtempSync(`${client}build/consumer-`);
  const [packed] = JSON.parse(run(client, "npm", "pack", "--json", "--silent", "--pack-destination", plain));
  const tarball = join(plain, packed.filename);
  run(plain, "npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", tarball);
  mkdirSync(join(withReact, "node_modules/django-live-presence"), { recursive: true });
  run(withReact, "tar", "-xzf", tarball, "--strip-components=1", "-C", "node_modules/django-live-presence");
  for (const folder of [plain, withReact]) writeFileSync(join(folder, "package.json"), '{"type": "module"}');
});

after(() => {
  for (const folder of [plain, withReact]) rmSync(folder, { recursive: true });
});

test("it is built files, a manifest and a README, and brings nothing else with it", () => {
  const installed = readdirSync(join(plain, "node_modules")).filter((name) => name[0] !== ".");
  assert.deepEqual(installed, ["django-live-presence"]);
  const files = readdirSync(join(plain, "node_modules/django-live-presence")).sort();
  assert.deepEqual(files, ["README.md", "dist", "package.json"]);
});

test("a server without a DOM can import everything and create a client, and imports React only where it has it", () => {
  const load = (entries: string[]) => {
    const loads = entries.map((entry) => `console.log(Object.keys(await import("${entry}")).join());`).join("");
    return `if ("HTMLElement" in globalThis || "document" in globalThis) throw new Error("not a server");${loads}`;
  };
  const own = run(plain, process.execPath, "--input-type=module", "-e", load(ENTRIES));
  const api = "ACTIVE,AWAY,IDLE,OFF_BOARD,PresenceClient,TokenError,anchorAt,anchorHash,anchorPoint,tokensFrom";
  assert.deepEqual(own.trim().split("\n"), [api, "PresenceClient,PresenceOverlayElement", "PresenceCountElement"]);
  const create = 'new (await import("django-live-presence")).PresenceClient({ board: "lobby" }).destroy();';
  run(plain, process.execPath, "--input-type=module", "-e", create);
  const react = run(withReact, process.execPath, "--input-type=module", "-e", load(["django-live-presence/react"]));
  assert.equal(react.trim(), "CursorOverlay,usePresence");
});

test("the React entry, and no other, is for the client", () => {
  const folder = join(plain, "node_modules/django-live-presence/dist");
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const marked = scripts.filter((name) => readFileSync(join(folder, name), "utf8").startsWith('"use client";'));
  assert.deepEqual(marked, ["react.js"]);
});

test("its types need no React", () => {
  const code = `
    import { ACTIVE, PresenceClient, type Member } from "django-live-presence";
    import { PresenceOverlayElement } from "django-live-presence/overlay";
    import { PresenceCountElement } from "django-live-presence/count";

    const client = new PresenceClient({ board: "lobby", token: async () => "token" });
    client.on("roster", (members: readonly Member[]) => members.filter(({ state }) => state === ACTIVE));
    // @ts-expect-error: there is no such event
    client.on("gone", () => {});
    // @ts-expect-error: a count is a number
    client.on("count", (count: string) => count);

    const overlay: PresenceOverlayElement = document.createElement("presence-overlay");
    overlay.strings = { bar: "Wer ist da?" };
    overlay.addEventListener("presence-status", ({ detail }) => detail.status === "open");
    const pace: number | undefined = overlay.client?.pace;
    const count: PresenceCountElement | null = document.querySelector("presence-count");
    export { count, pace };
  `;
  compile(plain, { "plain.ts": code });
});

test("its types know the hook, the component and the elements in JSX", () => {
  const code = `
    import { useRef } from "react";
    import { CursorOverlay, usePresence, type UserCursor } from "django-live-presence/react";
    import type { PresenceOverlayElement } from "django-live-presence/overlay";

    export function Page() {
      const overlay = useRef<PresenceOverlayElement>(null);
      const { cursors, sendCursor } = usePresence("lobby", { name: "Ada" });
      const first: UserCursor | undefined = cursors[0];
      return (
        <CursorOverlay board="lobby" className="surface" onClick={() => sendCursor(0, first?.x ?? 0)}>
          <presence-overlay
            ref={overlay}
            board="lobby"
            theme="dark"
            avatars={3}
            strings={{ bar: "Wer ist da?" }}
            token-url="/presence/token/lobby/"
            onpresence-count={({ detail }) => detail.count.toFixed()}
          />
          <presence-count board="lobby" every={10} className="here" />
          {/* @ts-expect-error: a count is of a board */}
          <presence-count />
          {/* @ts-expect-error: there is no such theme */}
          <presence-overlay board="lobby" theme="purple" />
          {/* @ts-expect-error: there is no such element */}
          <presence-cursor />
        </CursorOverlay>
      );
    }
  `;
  compile(withReact, { "react.tsx": code });
});

test("the examples of the documents have correct types", () => {
  const examples = ["README.md", "../../docs/embedding.md"].flatMap((name) => {
    const text = readFileSync(`${client}${name}`, "utf8");
    return [...text.matchAll(/^```(js|jsx|tsx)\n(.*?)^```$/gms)].map(([, language, code = ""]) => ({ language, code }));
  });
  const ours = examples.filter(({ code }) => /django-live-presence|presence\/client\.js/.test(code));
  assert.equal(ours.length, 6);
  const file = ({ language, code }: (typeof ours)[number], at: number) => [
    `example${at}.${language === "js" ? "ts" : "tsx"}`,
    code.replace("/static/presence/client.js", "django-live-presence"),
  ];
  compile(withReact, Object.fromEntries(ours.map(file)));
});
