import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { socketUrl } from "../../src/client/client.js";
import { browser, type Signal } from "../../src/lib/environment.js";

/** A browser's WebSocket as far as it is used, with its readyState rules. */
class BrowserSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: BrowserSocket;
  readyState = 0;
  protocol = "presence.v1";
  binaryType = "blob";
  bufferedAmount = 7;
  readonly sent: unknown[] = [];
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    super();
    BrowserSocket.last = this;
  }

  send(frame: unknown): void {
    if (this.readyState === 0) throw new Error("InvalidStateError");
    this.sent.push(frame);
  }

  close(code: number): void {
    this.closedWith = code;
  }

  fire(name: string, detail: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), detail));
  }
}

const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
const frame = new EventTarget();
const globals: Record<string, unknown> = { document: page, window: frame, WebSocket: BrowserSocket };
const before = new Map<string, PropertyDescriptor | undefined>();

beforeEach(() => {
  for (const [name, value] of Object.entries(globals)) {
    before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
});

afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else Reflect.deleteProperty(globalThis, name);
  }
});

function opened() {
  const heard: unknown[] = [];
  const socket = browser.open("ws://host/", ["presence.v1"], {
    opened: (subprotocol) => heard.push(["opened", subprotocol]),
    received: (data) => heard.push(["received", data]),
    closed: (code) => heard.push(["closed", code]),
  });
  return { socket, heard, real: BrowserSocket.last };
}

describe("the browser's socket", () => {
  test("asks for the subprotocol and for ArrayBuffers, and tells what happens", () => {
    const { heard, real } = opened();
    assert.deepEqual([real.url, real.protocols, real.binaryType], ["ws://host/", ["presence.v1"], "arraybuffer"]);
    real.fire("open");
    real.fire("message", { data: "x" });
    real.fire("close", { code: 4408 });
    assert.deepEqual(heard, [["opened", "presence.v1"], ["received", "x"], ["closed", 4408]]);
  });

  test("sends only while it is open, and never throws", () => {
    const { socket, real } = opened();
    for (const readyState of [0, 1, 2, 3]) {
      real.readyState = readyState;
      socket.send(new ArrayBuffer(readyState));
    }
    assert.deepEqual(real.sent, [new ArrayBuffer(1)]);
    assert.equal(socket.buffered, 7);
  });

  test("once closed by us, nothing of it is heard", () => {
    const { socket, heard, real } = opened();
    socket.close(1000);
    real.fire("message", { data: "late" });
    real.fire("close", { code: 1006 });
    assert.equal(real.closedWith, 1000);
    assert.deepEqual(heard, []);
  });
});

describe("the browser's network and memory", () => {
  const globalFetch = globalThis.fetch;
  afterEach(() => (globalThis.fetch = globalFetch));

  test("asks with the page's cookies and headers, past every cache", async () => {
    let heard: unknown;
    globalThis.fetch = async (url, options) => {
      heard = [url, options];
      return new Response('{"token":"a"}');
    };
    const { signal } = new AbortController();
    const answer = await browser.fetch("/token/", { A: "b" }, signal);
    assert.deepEqual(answer, { status: 200, body: { token: "a" } });
    assert.deepEqual(heard, ["/token/", { headers: { A: "b" }, signal, redirect: "follow", credentials: "include", cache: "no-store" }]);
    await browser.fetch("/feed/", {}, signal, "manual");
    assert.equal((heard as [string, RequestInit])[1].redirect, "manual");
  });

  test("does not read what a refusal says", async () => {
    globalThis.fetch = async () => new Response("<html>", { status: 503 });
    const answer = await browser.fetch("/token/", {}, new AbortController().signal);
    assert.deepEqual(answer, { status: 503, body: undefined });
  });

  test("remembers, where it may", () => {
    const stored = new Map<string, string>();
    const storage = { getItem: (k: string) => stored.get(k) ?? null, setItem: (k: string, v: string) => stored.set(k, v) };
    Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
    assert.equal(browser.recall("a"), undefined);
    browser.remember("a", "b");
    assert.equal(browser.recall("a"), "b");
    const denied = () => {
      throw new Error("SecurityError");
    };
    Object.defineProperty(globalThis, "localStorage", { get: denied, configurable: true });
    browser.remember("a", "c");
    assert.equal(browser.recall("a"), undefined);
    Reflect.deleteProperty(globalThis, "localStorage");
  });
});

test("the page's life becomes signals, until one stops listening", () => {
  const heard: Signal[] = [];
  const stop = browser.listen((signal) => heard.push(signal));
  const everything = () => {
    for (const state of ["hidden", "visible"]) {
      page.visibilityState = state;
      page.dispatchEvent(new Event("visibilitychange"));
    }
    for (const name of ["online", "offline", "pagehide", "pageshow"]) frame.dispatchEvent(new Event(name));
  };
  everything();
  assert.deepEqual(heard, ["hidden", "shown", "online", "offline", "pagehide", "pageshow"]);
  stop();
  everything();
  assert.equal(heard.length, 6);
});

test("the socket's URL", () => {
  const from = (endpoint: string, address = "https://site.example/boards/1/?a#b") => socketUrl(endpoint, address);
  assert.equal(from("/ws/presence/1/"), "wss://site.example/ws/presence/1/");
  assert.equal(from("/ws/presence/1/", "http://127.0.0.1:8000/"), "ws://127.0.0.1:8000/ws/presence/1/");
  assert.equal(from("wss://other.example/x"), "wss://other.example/x");
  assert.equal(from("https://other.example/x"), "wss://other.example/x");
  assert.throws(() => from("http://"), TypeError);
});
