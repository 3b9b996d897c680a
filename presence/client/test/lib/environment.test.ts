import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { browser, get, type Signal } from "../../src/lib/environment.js";
import { promises } from "../support/environment.js";

/** A browser's WebSocket as far as it is used, with its readyState rules. */
class BrowserSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: BrowserSocket;
  static readonly all: BrowserSocket[] = [];
  readyState = 0;
  protocol = "presence.v1";
  binaryType = "blob";
  bufferedAmount = 7;
  readonly calls: unknown[] = [];

  constructor(url: string, protocols: string[]) {
    super();
    this.calls.push(url, protocols);
    BrowserSocket.last = this;
    BrowserSocket.all.push(this);
  }

  send(frame: unknown): void {
    if (this.readyState === 0) throw new Error("InvalidStateError");
    this.calls.push(frame);
  }

  close(code: number): void {
    this.calls.push(code);
  }

  fire(name: string, detail: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), detail));
  }
}

const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
const frame = new EventTarget();
const before = new Map<string, PropertyDescriptor | undefined>();

/** Replace a global until the end of the test. */
function setGlobal(name: string, descriptor: PropertyDescriptor): void {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { ...descriptor, configurable: true });
}

beforeEach(() => {
  for (const [name, value] of Object.entries({ document: page, window: frame, WebSocket: BrowserSocket })) {
    setGlobal(name, { value });
  }
});

afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else Reflect.deleteProperty(globalThis, name);
  }
  before.clear();
});

/** Open sockets of a page, of which BrowserSocket.all has those that the browser opens. */
function opening(...urls: string[]) {
  BrowserSocket.all.length = 0;
  const events = { opened() {}, received() {}, closed() {} };
  return urls.map((url) => browser.open(url, ["v1"], events));
}

const opened = () => BrowserSocket.all.map(({ calls }) => calls[0]);

test("the first socket of a page to a host opens before the others, whose handshakes have its cookie", async () => {
  const [, impatient] = opening("ws://door/1", "ws://door/2", "ws://door/3", "ws://other/1");
  impatient?.send("nothing yet");
  assert.equal(impatient?.buffered, 0);
  await promises();
  assert.deepEqual(opened(), ["ws://door/1", "ws://other/1"]);
  impatient?.close(1000);
  BrowserSocket.all[0]?.fire("open");
  await promises();
  assert.deepEqual(opened().slice(2), ["ws://door/3"]);
  opening("ws://door/4");
  await promises();
  assert.deepEqual(opened(), ["ws://door/4"]);
});

test("a first socket that fails, or is given up, keeps nobody waiting", async () => {
  opening("ws://fails/1", "ws://fails/2");
  BrowserSocket.all[0]?.fire("close", { code: 1006 });
  await promises();
  assert.deepEqual(opened(), ["ws://fails/1", "ws://fails/2"]);
  const [first] = opening("ws://gone/1", "ws://gone/2");
  first?.close(1000);
  await promises();
  assert.deepEqual(opened(), ["ws://gone/1", "ws://gone/2"]);
});

test("a socket sends only while it is open, never throws, and reports its events until it is closed", () => {
  const events: unknown[] = [];
  const socket = browser.open("ws://host/", ["presence.v1"], {
    opened: (subprotocol) => events.push(["opened", subprotocol]),
    received: (data) => events.push(["received", data]),
    closed: (code) => events.push(["closed", code]),
  });
  const real = BrowserSocket.last;
  real.fire("open");
  for (const readyState of [0, 1, 2, 3]) {
    real.readyState = readyState;
    socket.send(new ArrayBuffer(readyState));
  }
  real.fire("message", { data: "x" });
  real.fire("close", { code: 4408 });
  assert.deepEqual(events.splice(0), [["opened", "presence.v1"], ["received", "x"], ["closed", 4408]]);
  socket.close(1000);
  real.fire("message", { data: "late" });
  real.fire("close", { code: 1006 });
  assert.deepEqual(events, []);
  assert.deepEqual(real.calls, ["ws://host/", ["presence.v1"], new ArrayBuffer(1), 1000]);
  assert.deepEqual([real.binaryType, socket.buffered], ["arraybuffer", 7]);
});

test("a request has the page's cookies and headers, passes every cache, and reads only a success", async () => {
  const requests: unknown[] = [];
  const answers = [new Response('{"token":"a"}'), new Response("<html>", { status: 503 })];
  setGlobal("fetch", { value: async (...request: unknown[]) => (requests.push(request), answers.shift()) });
  const { signal } = new AbortController();
  assert.deepEqual(await get(browser, "/token/", { A: "b" }, signal), { status: 200, body: { token: "a" } });
  assert.deepEqual(await get(browser, "/feed/", {}, signal, "manual"), { status: 503, body: undefined });
  const options = { signal, credentials: "include", cache: "no-store" };
  assert.deepEqual(requests, [
    ["/token/", { ...options, headers: { A: "b" }, redirect: "follow" }],
    ["/feed/", { ...options, headers: {}, redirect: "manual" }],
  ]);
});

test("a timer is never early, since a timer that has to be set again and again becomes late", () => {
  const set: unknown[] = [];
  setGlobal("setTimeout", { value: (_run: () => void, milliseconds: number) => set.push(milliseconds) });
  for (const milliseconds of [0, 0.2, 16, 16.7]) browser.setTimer(() => undefined, milliseconds);
  assert.deepEqual(set, [0, 1, 16, 17]);
});

test("values are stored and removed, and nothing is thrown where storage is forbidden", () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  };
  setGlobal("localStorage", { value: storage });
  assert.equal(browser.recall("a"), undefined);
  browser.remember("a", "b");
  assert.equal(browser.recall("a"), "b");
  browser.remember("a", undefined);
  assert.equal(stored.size, 0);
  setGlobal("localStorage", { get: () => assert.fail("SecurityError") });
  browser.remember("a", "c");
  assert.equal(browser.recall("a"), undefined);
});

test("the page's events become signals until the listening stops", () => {
  const signals: Signal[] = [];
  const stop = browser.listen((signal) => signals.push(signal));
  for (const _ of ["listening", "stopped"]) {
    for (const state of ["hidden", "visible"]) {
      page.visibilityState = state;
      page.dispatchEvent(new Event("visibilitychange"));
    }
    for (const name of ["online", "offline", "pagehide", "pageshow"]) frame.dispatchEvent(new Event(name));
    stop();
  }
  assert.deepEqual(signals, ["hidden", "shown", "online", "offline", "pagehide", "pageshow"]);
});
