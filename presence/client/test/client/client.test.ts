import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PresenceClient, type ClientEvents } from "../../src/client/client.js";
import { ACTIVE, AWAY, OFF_BOARD, type RosterEntry } from "../../src/protocol/protocol.js";
import { BOARD, FakeEnvironment, welcoming } from "../support/fake.js";

const ADA: RosterEntry = { user: 1, name: "Ada", state: ACTIVE, color: [1, 2, 3] };
const BOB: RosterEntry = { user: 2, name: "Bob", state: AWAY, color: [4, 5, 6] };
const NAMES = ["status", "count", "roster", "joined", "left", "state", "cursor", "self", "error"] as const;

type Heard = { [Name in keyof ClientEvents]: [Name, ClientEvents[Name]] }[keyof ClientEvents];

function client(name = "Me") {
  const environment = new FakeEnvironment();
  const presence = new PresenceClient({ url: "ws://host/", name, environment });
  const heard: Heard[] = [];
  for (const event of NAMES) presence.on(event, (detail) => heard.push([event, detail] as Heard));
  presence.connect();
  return { environment, presence, heard, names: () => heard.splice(0).map(([event]) => event) };
}

function welcomed(options: Parameters<typeof welcoming>[0] = {}, name?: string) {
  const all = client(name);
  all.environment.socket.accept().say(...welcoming(options));
  all.environment.socket.take();
  return all;
}

const update = (x: number, y: number) => ({ type: "CURSOR_UPDATE", x, y });

describe("what others do", () => {
  test("the first frames become self, roster and count", () => {
    const { heard, presence } = welcomed({ user: 7, users: [ADA, BOB], count: 3 });
    assert.deepEqual(heard.map(([event]) => event), ["status", "status", "self", "roster", "count"]);
    assert.deepEqual(presence.members.map(({ name }) => name), ["Ada", "Bob"]);
    assert.deepEqual(presence.self, { user: 7, color: [194, 24, 91], name: "Me", spectator: false });
    assert.deepEqual(heard.at(-1), ["count", 3]);
  });

  test("a cursor comes as fractions", () => {
    const { environment, heard } = welcomed({ users: [ADA] });
    environment.socket.say({ type: "CURSOR_BROADCAST", cursors: [{ user: 1, x: 65535, y: 0 }] });
    assert.deepEqual(heard.at(-1), ["cursor", { user: 1, x: 1, y: 0 }]);
  });

  test("a cursor of someone away makes them active first", () => {
    const { environment, names } = welcomed({ users: [BOB] });
    names();
    environment.socket.say({ type: "CURSOR_BROADCAST", cursors: [{ user: 2, x: 5, y: 5 }] });
    assert.deepEqual(names(), ["state", "cursor"]);
  });

  test("one's own cursor and unknown ones are not shown; an unknown one is when its join comes", () => {
    const { environment, names } = welcomed({ user: 0 });
    names();
    environment.socket.say({
      type: "CURSOR_BROADCAST",
      cursors: [
        { user: 0, x: 5, y: 5 },
        { user: 9, x: 65535, y: 65535 },
      ],
    });
    assert.deepEqual(names(), []);
    environment.socket.say({ type: "USER_JOINED", board: BOARD, user: 9, name: "Eve", color: [0, 0, 0] });
    assert.deepEqual(names(), ["joined", "cursor"]);
  });

  test("an unknown cursor is shown when a snapshot names it", () => {
    const { environment, names } = welcomed();
    environment.socket.say({ type: "CURSOR_BROADCAST", cursors: [{ user: 1, x: 5, y: 5 }] });
    names();
    environment.socket.say({ type: "ROSTER", board: BOARD, users: [ADA] });
    assert.deepEqual(names(), ["roster", "cursor"]);
  });

  test("states, leaving, counting", () => {
    const { environment, heard } = welcomed({ users: [ADA] });
    heard.length = 0;
    environment.socket.say(
      { type: "STATE", states: [{ user: 1, state: OFF_BOARD }, { user: 8, state: AWAY }] },
      { type: "USER_LEFT", board: BOARD, user: 1 },
      { type: "USER_LEFT", board: BOARD, user: 1 },
      { type: "PRESENCE_UPDATE", board: BOARD, count: 70_000 },
    );
    assert.deepEqual(heard, [
      ["state", { user: 1, state: OFF_BOARD }],
      ["left", { ...ADA, state: OFF_BOARD, position: undefined }],
      ["count", 70_000],
    ]);
  });

  test("after a reconnect the snapshot replaces everyone", () => {
    const { environment, presence } = welcomed({ users: [ADA] });
    environment.socket.end(1006);
    environment.pass(1000);
    environment.socket.accept().say(...welcoming({ users: [BOB] }));
    assert.deepEqual(presence.members.map(({ name }) => name), ["Bob"]);
  });
});

describe("one's own name", () => {
  test("is unknown where the server set it, until it is told", () => {
    const { environment, presence } = welcomed({ user: 3, nameSet: true });
    assert.equal(presence.self?.name, undefined);
    environment.socket.say({ type: "ROSTER", board: BOARD, users: [{ ...ADA, user: 3, name: "Countess" }] });
    assert.equal(presence.self?.name, "Countess");
    assert.deepEqual(presence.members, []);
  });

  test("is unknown where none was given", () => assert.equal(welcomed({}, " ").presence.self?.name, undefined));
});

describe("what this session says", () => {
  test("a position is 5 bytes, the first at once, then the latest per interval", () => {
    const { environment, presence } = welcomed({ interval: 33 });
    environment.socket.sizes.length = 0;
    presence.moveTo(0, 0);
    presence.moveTo(0.5, 0.5);
    presence.moveTo(1, 1);
    assert.deepEqual(environment.socket.take(), [update(0, 0)]);
    environment.pass(32);
    assert.deepEqual(environment.socket.take(), []);
    environment.pass(1);
    assert.deepEqual(environment.socket.take(), [update(65535, 65535)]);
    environment.pass(10_000);
    assert.deepEqual(environment.socket.take(), []);
    assert.deepEqual(environment.socket.sizes, [5, 5]);
  });

  test("alone it sends no cursor; when someone comes the latest goes", () => {
    const { environment, presence } = welcomed({ interval: 0 });
    presence.moveTo(0.2, 0.2);
    presence.moveTo(1, 0);
    environment.pass(10_000);
    assert.deepEqual(environment.socket.take(), []);
    environment.socket.say({ type: "RATE", interval: 33 });
    assert.deepEqual(environment.socket.take(), [update(65535, 0)]);
  });

  test("a spectator says nothing", () => {
    const { environment, presence } = welcomed({ user: 255, spectator: true });
    presence.moveTo(0.2, 0.2);
    presence.setState(OFF_BOARD);
    environment.pass(10_000);
    assert.deepEqual(environment.socket.take(), []);
  });

  test("nonsense is not sent", () => {
    const { environment, presence } = welcomed();
    presence.moveTo(NaN, 0.5);
    presence.moveTo(0.5, Infinity);
    environment.pass(1000);
    assert.deepEqual(environment.socket.take(), []);
  });

  test("a hidden tab is away; shown again it is active", () => {
    const { environment, presence } = welcomed();
    presence.moveTo(0, 0);
    environment.pass(100);
    environment.hide();
    environment.pass(100);
    environment.show();
    environment.pass(100);
    const said = environment.socket.take();
    assert.deepEqual(said, [update(0, 0), { type: "STATE", state: AWAY }, { type: "STATE", state: ACTIVE }]);
  });

  test("after a reconnect it says again where it is", () => {
    const { environment, presence } = welcomed();
    presence.moveTo(1, 1);
    environment.socket.end(1006);
    presence.moveTo(0, 1);
    environment.pass(1000);
    environment.socket.accept().say(...welcoming());
    assert.deepEqual(environment.socket.take().slice(1), [update(0, 65535)]);
  });

  test("on a congested network it waits, and then says what is current", () => {
    const { environment, presence } = welcomed();
    environment.socket.buffered = 4000;
    presence.moveTo(0, 0);
    environment.pass(1000);
    presence.moveTo(1, 1);
    assert.deepEqual(environment.socket.take(), []);
    environment.socket.buffered = 0;
    environment.pass(60);
    assert.deepEqual(environment.socket.take(), [update(65535, 65535)]);
  });
});

describe("listeners", () => {
  test("one that throws harms no other, and is told of", () => {
    const { environment, presence, heard } = client();
    const counts: number[] = [];
    presence.on("count", () => {
      throw new Error("the page's own");
    });
    presence.on("error", () => {
      throw new Error("again");
    });
    presence.on("count", (count) => counts.push(count));
    environment.socket.accept().say(...welcoming({ count: 5 }));
    assert.deepEqual(counts, [5]);
    const errors = heard.filter(([event]) => event === "error").map(([, error]) => (error as Error).message);
    assert.deepEqual(errors, ["the page's own"]);
  });

  test("one that stopped hears nothing", () => {
    const { environment, presence } = client();
    const counts: number[] = [];
    presence.on("count", (count) => counts.push(count))();
    environment.socket.accept().say(...welcoming());
    assert.deepEqual(counts, []);
  });
});

describe("the end", () => {
  test("leaves nothing behind", () => {
    const { environment, presence, heard } = welcomed();
    presence.moveTo(0, 0);
    presence.moveTo(1, 1);
    presence.destroy();
    assert.equal(environment.socket.closedWith, 1000);
    assert.equal(environment.leftovers, 0);
    assert.deepEqual(heard.at(-1), ["status", { status: "closed", reason: "left" }]);
    presence.moveTo(0.5, 0.5);
    assert.equal(environment.leftovers, 0);
  });

  test("also from within any event", () => {
    for (const event of NAMES) {
      const { environment, presence } = client();
      presence.on(event, () => presence.destroy());
      environment.sockets[0]?.accept().say(...welcoming({ users: [ADA] }));
      environment.sockets[0]?.say(
        { type: "CURSOR_BROADCAST", cursors: [{ user: 1, x: 1, y: 1 }] },
        { type: "STATE", states: [{ user: 1, state: OFF_BOARD }] },
        { type: "USER_LEFT", board: BOARD, user: 1 },
        { type: "USER_JOINED", board: BOARD, user: 1, name: "Ada", color: [0, 0, 0] },
        { type: "NOTICE", code: 1, retry: 0 },
      );
      assert.equal(environment.leftovers, 0, event);
    }
  });
});
