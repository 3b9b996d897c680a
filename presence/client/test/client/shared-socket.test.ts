import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SharedSocket, type News, type SharedSession } from "../../src/client/shared-socket.js";
import type { Socket, SocketEvents } from "../../src/lib/environment.js";
import { SUBPROTOCOL } from "../../src/protocol/messages.js";
import { FakeEnvironment } from "../support/environment.js";

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")).buffer;
const toHex = (frame: ArrayBuffer) => Buffer.from(frame).toString("hex");

const [JOIN, LEAVE, MOVE, HEARTBEAT] = ["03000000", "040000", "0100010002", "08"];
const [WELCOME, COUNT, CURSOR, PROBE] = ["09123403c2185b002102", "071234fe", "02077fffffff", "0dc8"];
const ALL = "12ff";
const of = (session: number) => `120${session.toString(16)}`;

type Heard = string | boolean | number | null;

/** One tab, and what it was told since the last call: frames as hex. */
interface Tab {
  readonly session: SharedSession;
  heard(): Heard[];
}

/** A socket as the worker has it. */
class Worker extends FakeEnvironment {
  buffered = 0;
  ended = 0;
  closedWith: number | undefined;
  readonly shared: SharedSocket;
  #sent: string[] = [];
  #events!: SocketEvents;

  constructor() {
    super();
    this.open = (_url: string, _subprotocols: readonly string[], events: SocketEvents): Socket => {
      this.#events = events;
      const wire = this;
      return {
        get buffered() {
          return wire.buffered;
        },
        send: (frame) => void this.#sent.push(toHex(frame as ArrayBuffer)),
        close: (code) => (this.closedWith = code),
      };
    };
    this.shared = new SharedSocket(this, "wss://site.example/", [SUBPROTOCOL], () => (this.ended += 1));
  }

  /** What was sent since the last call. */
  get sent(): string[] {
    return this.#sent.splice(0);
  }

  opened(): this {
    this.#events.opened(SUBPROTOCOL);
    return this;
  }

  say(...frames: string[]): void {
    for (const frame of frames) this.#events.received(fromHex(frame));
  }

  end(code: number): void {
    this.#events.closed(code);
  }

  tab(): Tab {
    const heard: Heard[] = [];
    const tell = (news: News) => {
      heard.push(news instanceof ArrayBuffer ? toHex(news) : Array.isArray(news) ? (news[0] as string) : (news as boolean | number | null));
    };
    return { session: this.shared.add(tell), heard: () => heard.splice(0) };
  }

  /** The tabs of an open socket, whose server has answered that they may be several. They have nothing left to hear. */
  several(tabs: number): Tab[] {
    this.opened();
    const made = Array.from({ length: tabs }, () => this.tab());
    this.say(ALL);
    for (const { heard } of made) heard();
    return made;
  }

  /** The same after all have joined the board. */
  welcomed(tabs: number): Tab[] {
    const made = this.several(tabs);
    made.forEach(({ session }, number) => {
      session.send(fromHex(JOIN));
      this.say(of(number), WELCOME, COUNT, ALL);
    });
    for (const { heard } of made) heard();
    void this.sent;
    return made;
  }
}

test("one tab alone has what is on the wire without a worker", () => {
  const worker = new Worker();
  const { session, heard } = worker.tab();
  session.send(fromHex(HEARTBEAT));
  assert.deepEqual([worker.sent, heard()], [[], []], "it is not open yet");
  worker.opened();
  for (const frame of [JOIN, MOVE, HEARTBEAT, LEAVE]) session.send(fromHex(frame));
  assert.deepEqual(worker.sent, [JOIN, MOVE, HEARTBEAT, LEAVE]);
  worker.say(WELCOME, COUNT, CURSOR, HEARTBEAT);
  assert.deepEqual(heard(), [SUBPROTOCOL, WELCOME, COUNT, CURSOR, HEARTBEAT]);
  session.close(1000);
  assert.deepEqual([worker.sent, worker.closedWith, worker.ended], [[], 1000, 1]);
});

test("a second tab waits for the server's answer, later ones find the socket open", () => {
  const worker = new Worker().opened();
  const [first, second, third] = [worker.tab(), worker.tab(), worker.tab()];
  assert.deepEqual([first.heard(), second.heard(), third.heard(), worker.sent], [[SUBPROTOCOL], [], [], [of(1)]]);
  worker.say(ALL);
  assert.deepEqual([first.heard(), second.heard(), third.heard()], [[], [SUBPROTOCOL], [SUBPROTOCOL]]);
  assert.deepEqual([worker.tab().heard(), worker.sent], [[SUBPROTOCOL], []]);
});

test("tabs that come before the socket is open ask once it is", () => {
  const worker = new Worker();
  const [first, second] = [worker.tab(), worker.tab()];
  worker.opened();
  assert.deepEqual([first.heard(), second.heard(), worker.sent], [[SUBPROTOCOL], [], [of(1)]]);
});

test("with a server that knows one session only, that is the first tab's", () => {
  const worker = new Worker().opened();
  const [first, second, third] = [worker.tab(), worker.tab(), worker.tab()];
  first.heard();
  assert.equal(worker.shared.full, false);
  third.session.close(1000);
  worker.say("0e010000");
  assert.deepEqual([first.heard(), second.heard(), third.heard()], [["0e010000"], [null], []]);
  assert.equal(worker.shared.full, true);
  second.session.close(1000);
  assert.deepEqual([worker.closedWith, worker.ended], [undefined, 0]);
});

test("where the first tab has left, a server that knows one session only has none", () => {
  const worker = new Worker().opened();
  const [first, second] = [worker.tab(), worker.tab()];
  first.session.close(1000);
  worker.say("0e010000");
  assert.deepEqual([second.heard(), worker.closedWith, worker.ended], [[null], 1000, 1]);
});

test("a tab that leaves before it has joined says nothing", () => {
  const worker = new Worker().opened();
  const [, second] = [worker.tab(), worker.tab()];
  void worker.sent;
  second.session.send(fromHex(LEAVE));
  second.session.close(1000);
  assert.deepEqual([worker.sent, worker.closedWith], [[], undefined]);
});

test("who speaks is said only when that changes", () => {
  const worker = new Worker();
  const [first, second] = worker.several(2) as [Tab, Tab];
  void worker.sent;
  worker.say("0e080064");
  for (const { session } of [first, second, second, first]) session.send(fromHex(MOVE));
  assert.deepEqual(worker.sent, [of(0), MOVE, of(1), MOVE, MOVE, of(0), MOVE]);
});

test("what is for one session is told to its tab, all else to those that are welcomed", () => {
  const worker = new Worker();
  const [first, second, third] = worker.several(3) as [Tab, Tab, Tab];
  worker.say(WELCOME, COUNT, CURSOR, of(2), WELCOME, COUNT, ALL, CURSOR, HEARTBEAT, "0e010000");
  assert.deepEqual(first.heard(), [WELCOME, COUNT, CURSOR, CURSOR, HEARTBEAT, "0e010000"]);
  assert.deepEqual(second.heard(), [HEARTBEAT, "0e010000"], "it is not welcomed, but its socket lives");
  assert.deepEqual(third.heard(), [WELCOME, COUNT, CURSOR, HEARTBEAT, "0e010000"]);
});

test("a probe is answered once, and no tab hears of it", () => {
  const worker = new Worker();
  const tabs = worker.welcomed(3);
  worker.say(PROBE);
  assert.deepEqual([worker.sent, tabs.flatMap(({ heard }) => heard())], [[PROBE], []]);
});

test("a tab that goes away says so for its session, one that left says nothing more", () => {
  const worker = new Worker();
  const [first, second, third] = worker.welcomed(3) as [Tab, Tab, Tab];
  second.session.close(1000);
  assert.deepEqual(worker.sent, [of(1), "130000"]);
  third.session.send(fromHex(LEAVE));
  third.session.close(1000);
  third.session.close(1000);
  third.session.send(fromHex(MOVE));
  assert.deepEqual(worker.sent, [of(2), LEAVE]);
  worker.say(CURSOR, of(1), WELCOME, ALL);
  assert.deepEqual([first.heard(), second.heard(), third.heard()], [[CURSOR], [], []]);
  assert.equal(worker.closedWith, undefined);
  first.session.close(1000);
  assert.deepEqual([worker.sent, worker.closedWith, worker.ended], [[], 1000, 1]);
});

test("a number is given again as late as possible", () => {
  const worker = new Worker().opened();
  const numbers = [worker.tab().session.number];
  for (let count = 0; count < 20; count += 1) {
    const { session } = worker.tab();
    numbers.push(session.number);
    session.close(1000);
  }
  assert.deepEqual(numbers, [0, ...Array.from({ length: 15 }, (_, n) => n + 1), 1, 2, 3, 4, 5]);
});

test("a socket is full with 16 sessions", () => {
  const worker = new Worker();
  for (let count = 0; count < 16; count += 1) {
    assert.equal(worker.shared.full, false);
    worker.tab();
  }
  assert.equal(worker.shared.full, true);
});

test("every tab hears how the socket ended", () => {
  const worker = new Worker();
  const tabs = worker.welcomed(2);
  worker.say("0e071388");
  worker.end(1012);
  assert.deepEqual(tabs.map(({ heard }) => heard()), [["0e071388", 1012], ["0e071388", 1012]]);
  assert.equal(worker.ended, 1);
});

test("a tab that hears the server no more ends the socket for all", () => {
  const worker = new Worker();
  const [first, second] = worker.welcomed(2) as [Tab, Tab];
  first.session.close(4408);
  assert.deepEqual([first.heard(), second.heard(), worker.closedWith, worker.ended], [[], [1006], 4408, 1]);
});

test("a join that is refused ends that session alone", () => {
  const worker = new Worker();
  const [first, second] = worker.welcomed(2) as [Tab, Tab];
  const third = worker.tab();
  third.heard();
  third.session.send(fromHex(JOIN));
  worker.say(of(2), "0e080064", ALL, CURSOR);
  assert.deepEqual([third.heard(), first.heard(), second.heard()], [["0e080064", 1006], [CURSOR], [CURSOR]]);
  assert.deepEqual(worker.sent, [of(2), JOIN], "the server knows that it is over");
});

test("while the network is congested all tabs know it", () => {
  const worker = new Worker();
  const [first, second] = worker.welcomed(2) as [Tab, Tab];
  worker.buffered = 2000;
  first.session.send(fromHex(MOVE));
  first.session.send(fromHex(MOVE));
  worker.pass(200);
  assert.deepEqual([first.heard(), second.heard()], [[true], [true]]);
  worker.buffered = 0;
  worker.pass(50);
  assert.deepEqual([first.heard(), second.heard(), worker.leftovers], [[false], [false], 0]);
});

test("its frames are those of the golden vectors", () => {
  const path = new URL("../../../tests/vectors/frames.json", import.meta.url);
  const { valid } = JSON.parse(readFileSync(path, "utf8")) as { valid: { hex: string; direction: string; message: { type: string } }[] };
  const hexes = (type: string, direction: string) =>
    valid.filter(({ message, ...vector }) => message.type === type && vector.direction === direction).map(({ hex }) => hex);
  const worker = new Worker();
  const tabs = worker.several(16);
  void worker.sent;
  tabs[15]?.session.send(fromHex(MOVE));
  assert.deepEqual(worker.sent, [...hexes("SESSION", "client"), MOVE]);
  const [one, all] = hexes("SESSION", "server") as [string, string];
  for (const { heard } of tabs) heard();
  worker.say(one, WELCOME, all, CURSOR);
  assert.deepEqual(tabs[1]?.heard(), [WELCOME, CURSOR]);
  assert.deepEqual(hexes("GONE", "client").map((hex) => hex.slice(0, 2)), ["13"]);
});
