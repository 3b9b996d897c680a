import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceClient, type ClientEvents } from "../../src/client/client.js";
import { socketUrl } from "../../src/client/connection.js";
import { ACTIVE, AWAY, NO_USER, OFF_BOARD } from "../../src/protocol/messages.js";
import { FakeEnvironment, promises } from "../support/environment.js";
import { ADA, BOARD, BOB, welcome } from "../support/server.js";

const EVENTS = ["status", "count", "roster", "joined", "left", "state", "cursor", "self", "error"] as const;

type Event = { [Name in keyof ClientEvents]: [Name, ClientEvents[Name]] }[keyof ClientEvents];

function connect(name = "Me") {
  const environment = new FakeEnvironment();
  const client = new PresenceClient({ url: "ws://host/", name, environment });
  const events: Event[] = [];
  for (const event of EVENTS) client.on(event, (detail) => events.push([event, detail] as Event));
  client.connect();
  return { environment, client, events, names: () => events.splice(0).map(([event]) => event) };
}

function welcomed(options: Parameters<typeof welcome>[0] = {}, name?: string) {
  const all = connect(name);
  all.environment.socket.accept().say(...welcome(options));
  all.environment.socket.take();
  return all;
}

const update = (x: number, y: number) => ({ type: "CURSOR_UPDATE", x, y });
const cursor = (user: number, x = 5, y = 5) => ({ type: "CURSOR_BROADCAST", cursors: [{ user, x, y }] }) as const;

test("the first events after a welcome are self, roster and count", () => {
  const { events, client } = welcomed({ user: 7, users: [ADA, BOB], count: 3 });
  assert.deepEqual(events.map(([event]) => event), ["status", "status", "self", "roster", "count"]);
  assert.deepEqual(client.members.map(({ name }) => name), ["Ada", "Bob"]);
  assert.deepEqual(client.self, { user: 7, color: [194, 24, 91], name: "Me", signedIn: false, spectator: false });
  assert.deepEqual(events.at(-1), ["count", 3]);
});

test("a spectator without anybody else is on a board that shows counts only", () => {
  const { client, environment } = welcomed({ user: NO_USER, spectator: true, count: 3 });
  assert.deepEqual([client.self?.spectator, client.countsOnly, client.members], [true, true, []]);
  environment.socket.say({ type: "ROSTER", board: BOARD, users: [ADA] });
  assert.equal(client.countsOnly, false, "it is full");
  assert.equal(welcomed({ users: [] }).client.countsOnly, false, "nobody else is here");
});

test("a cursor is in fractions, and makes someone away active first", () => {
  const { environment, events } = welcomed({ users: [ADA, BOB] });
  events.length = 0;
  environment.socket.say(cursor(1, 65535, 0), cursor(2));
  assert.deepEqual(events[0], ["cursor", { user: 1, x: 1, y: 0 }]);
  assert.deepEqual(events.slice(1).map(([event]) => event), ["state", "cursor"]);
});

test("a client with bounds takes and gives points of them", () => {
  const { environment, client, events } = welcomed({ users: [ADA] });
  events.length = 0;
  client.bounds = { x: -500, y: 200, width: 1000, height: -400 };
  environment.socket.say(cursor(1, 65535, 0), cursor(1, 0, 65535));
  assert.deepEqual(events, [
    ["cursor", { user: 1, x: 500, y: 200 }],
    ["cursor", { user: 1, x: -500, y: -200 }],
  ]);
  const sent: [x: number, y: number, told: object][] = [
    [0, 0, update(32767, 32767)],
    [500, -200, update(65535, 65535)],
    [9000, 9000, update(65535, 0)],
  ];
  for (const [x, y, told] of sent) {
    client.moveTo(x, y);
    environment.pass(100);
    assert.deepEqual(environment.socket.take(), [told], `${x}, ${y}`);
  }
  client.bounds = { x: 0, y: 0, width: 0, height: 0 };
  client.moveTo(1, 1);
  environment.pass(100);
  assert.deepEqual(environment.socket.take(), [], "bounds without area have no positions");
});

test("an anchor comes with the cursors that follow it", () => {
  const { environment, events } = welcomed({ users: [ADA, BOB] });
  const anchor = [0, 9, 7, 8] as const;
  events.length = 0;
  environment.socket.say({ type: "ANCHORS", anchors: [[1, anchor]] }, cursor(1, 0, 0), cursor(1, 0, 0));
  assert.deepEqual(events, [
    ["cursor", { user: 1, x: 0, y: 0, anchor }],
    ["cursor", { user: 1, x: 0, y: 0 }],
  ]);
});

test("anchors are sent until a server takes one for malformed, and in the next session again", () => {
  const { client, environment } = welcomed();
  const { socket } = environment;
  const anchor = [0, 9, 7, 8] as const;
  const sent = (x: number) => {
    environment.pass(100);
    client.moveTo(x, 0, anchor);
    return environment.socket.take();
  };
  assert.deepEqual(sent(0), [{ ...update(0, 0), anchor }]);
  assert.deepEqual(sent(1), [{ ...update(65535, 0), anchor }]);
  socket.say({ type: "NOTICE", code: 7, retry: 0 });
  assert.deepEqual(sent(0), [{ ...update(0, 0), anchor }]);
  socket.say({ type: "NOTICE", code: 1, retry: 0 });
  assert.deepEqual(sent(1), [update(65535, 0)]);
  socket.end(1006);
  environment.pass(1000);
  environment.socket.accept().say(...welcome());
  environment.socket.take();
  assert.deepEqual(sent(1), [{ ...update(65535, 0), anchor }]);
});

test("a cursor of this session is no event, and one of an unknown user is when a join or snapshot names them", () => {
  const { environment, names } = welcomed({ user: 0 });
  names();
  environment.socket.say(cursor(0), cursor(9), cursor(1));
  assert.deepEqual(names(), []);
  environment.socket.say({ type: "USER_JOINED", board: BOARD, user: 9, name: "Eve", color: [0, 0, 0] });
  assert.deepEqual(names(), ["joined", "cursor"]);
  environment.socket.say({ type: "ROSTER", board: BOARD, users: [ADA] });
  assert.deepEqual(names(), ["roster", "cursor"]);
});

test("states, leaving and counts", () => {
  const { environment, events } = welcomed({ users: [ADA] });
  events.length = 0;
  environment.socket.say(
    { type: "STATE", states: [{ user: 1, state: OFF_BOARD }, { user: 8, state: AWAY }] },
    { type: "USER_LEFT", board: BOARD, user: 1 },
    { type: "USER_LEFT", board: BOARD, user: 1 },
    { type: "PRESENCE_UPDATE", board: BOARD, count: 70_000 },
  );
  assert.deepEqual(events, [
    ["state", { user: 1, state: OFF_BOARD }],
    ["left", { ...ADA, avatar: undefined, signedIn: true, state: OFF_BOARD, position: undefined }],
    ["count", 70_000],
  ]);
});

test("pictures come before those who have them, and their paths are the server's", () => {
  const { environment, client, events } = connect();
  const { socket } = environment;
  const [first, ...rest] = welcome({ user: 3, nameSet: true, users: [ADA, BOB, { ...ADA, user: 3, name: "Me too" }] });
  socket.accept().say(first!, { type: "AVATARS", avatars: [[1, "/media/ada.png"], [3, "https://cdn.example/me"]] }, ...rest);
  const avatars = () => client.members.map(({ avatar }) => avatar);
  assert.deepEqual(avatars(), ["http://host/media/ada.png", undefined]);
  assert.deepEqual([client.self?.name, client.self?.avatar], ["Me too", "https://cdn.example/me"]);
  socket.say({ type: "AVATARS", avatars: [[2, "/bob"]] }, { type: "USER_JOINED", board: BOARD, ...BOB });
  assert.deepEqual(avatars(), ["http://host/media/ada.png", "http://host/bob"]);
  assert.equal(events.filter(([event]) => event === "joined").length, 1);
  socket.say({ type: "USER_JOINED", board: BOARD, ...ADA, name: "Eve" });
  assert.deepEqual(avatars(), [undefined, "http://host/bob"]);
  socket.say({ type: "ROSTER", board: BOARD, users: [ADA, BOB] });
  assert.deepEqual(avatars(), [undefined, undefined]);
  assert.deepEqual(events.filter(([event]) => event === "error"), []);
});

test("a picture whose URL is none is reported, and costs nobody else theirs", () => {
  const { environment, client, events } = connect();
  const [first, ...rest] = welcome({ users: [ADA, BOB] });
  environment.socket.accept().say(first!, { type: "AVATARS", avatars: [[ADA.user, "http://["], [BOB.user, "/bob"]] }, ...rest);
  assert.deepEqual(client.members.map(({ avatar }) => avatar), [undefined, "http://host/bob"]);
  assert.equal(events.filter(([event]) => event === "error").length, 1);
});

test("a name that the server chose is unknown until it arrives, and so is an empty one", () => {
  const { environment, client, names } = welcomed({ user: 3, nameSet: true });
  assert.equal(client.self?.name, undefined);
  names();
  environment.socket.say({ type: "ROSTER", board: BOARD, users: [{ ...ADA, user: 3, name: "Countess" }] });
  assert.equal(client.self?.name, "Countess");
  assert.deepEqual([client.members, names()], [[], ["self", "roster"]]);
  assert.equal(welcomed({}, " ").client.self?.name, undefined);
});

test("a listener that throws is reported and disturbs no other", () => {
  const { environment, client, events } = connect();
  const counts: number[] = [];
  client.on("count", () => assert.fail("the page's own"));
  client.on("error", () => assert.fail("again"));
  client.on("count", (count) => counts.push(count));
  client.on("count", () => assert.fail("this one has stopped"))();
  environment.socket.accept().say(...welcome({ count: 5 }));
  assert.deepEqual(counts, [5]);
  const errors = events.filter(([event]) => event === "error").map(([, error]) => (error as Error).message);
  assert.deepEqual(errors, ["the page's own"]);
});

test("the latest position goes when the board is no longer empty, and then in each interval", () => {
  const { environment, client } = welcomed({ interval: 0 });
  for (const x of [0.2, 1]) client.moveTo(x, 0);
  environment.pass(10_000);
  assert.deepEqual(environment.socket.take(), []);
  environment.socket.say({ type: "RATE", interval: 33 });
  assert.equal(client.pace, 33);
  for (const y of [0.5, 1]) client.moveTo(1, y);
  environment.pass(32);
  assert.deepEqual(environment.socket.take(), [update(65535, 0)]);
  environment.pass(1);
  assert.deepEqual(environment.socket.take(), [update(65535, 65535)]);
});

test("a spectator sends nothing, and nobody sends what is no number", () => {
  const spectator = welcomed({ user: 255, spectator: true });
  spectator.client.moveTo(0.2, 0.2);
  spectator.client.setState(OFF_BOARD);
  const other = welcomed();
  other.client.moveTo(NaN, 0.5);
  other.client.moveTo(0.5, Infinity);
  for (const { environment } of [spectator, other]) {
    environment.pass(10_000);
    assert.deepEqual(environment.socket.take(), []);
  }
});

test("a hidden tab is away, and active again when it is shown", () => {
  const { environment, client } = welcomed();
  client.moveTo(0, 0);
  environment.pass(100);
  environment.signal("hidden");
  environment.pass(100);
  environment.signal("shown");
  environment.pass(100);
  const sent = environment.socket.take();
  assert.deepEqual(sent, [update(0, 0), { type: "STATE", state: AWAY }, { type: "STATE", state: ACTIVE }]);
});

test("a new session has a new roster, and sends the position again", () => {
  const { environment, client } = welcomed({ users: [ADA] });
  client.moveTo(1, 1);
  environment.socket.end(1006);
  client.moveTo(0, 1);
  environment.pass(1000);
  environment.socket.accept().say(...welcome({ users: [BOB] }));
  assert.deepEqual(environment.socket.take().slice(1), [update(0, 65535)]);
  assert.deepEqual(client.members.map(({ name }) => name), ["Bob"]);
});

test("nothing goes over a congested network until it is free, and then the latest", () => {
  const { environment, client } = welcomed();
  environment.socket.buffered = 4000;
  client.moveTo(0, 0);
  environment.pass(1000);
  client.moveTo(1, 1);
  assert.deepEqual(environment.socket.take(), []);
  environment.socket.buffered = 0;
  environment.pass(60);
  assert.deepEqual(environment.socket.take(), [update(65535, 65535)]);
});

test("destroy says goodbye and leaves nothing behind, also if the pointer moves later", () => {
  const { environment, client, events } = welcomed();
  client.moveTo(0, 0);
  client.moveTo(1, 1);
  client.destroy();
  assert.deepEqual(events.at(-1), ["status", { status: "closed", reason: "left" }]);
  client.moveTo(0.5, 0.5);
  assert.deepEqual([environment.socket.closedWith, environment.leftovers], [1000, 0]);
});

test("destroy works within any event", () => {
  for (const event of EVENTS) {
    const { environment, client } = connect();
    client.on(event, () => client.destroy());
    environment.sockets[0]?.accept().say(...welcome({ users: [ADA] }));
    environment.sockets[0]?.say(
      cursor(1),
      { type: "STATE", states: [{ user: 1, state: OFF_BOARD }] },
      { type: "USER_LEFT", board: BOARD, user: 1 },
      { type: "USER_JOINED", board: BOARD, user: 1, name: "Ada", color: [0, 0, 0] },
      { type: "NOTICE", code: 1, retry: 0 },
    );
    assert.equal(environment.leftovers, 0, event);
  }
});

test("destroy cancels a token request", async () => {
  const environment = new FakeEnvironment();
  const client = new PresenceClient({ board: "1", tokenUrl: "/token/", token: "unused", environment });
  client.connect();
  await promises();
  assert.equal(environment.request.url, "https://site.example/token/");
  client.destroy();
  await promises();
  assert.equal(environment.leftovers, 0);
});

test("what fetches tokens comes from where the overlay says", async () => {
  const environment = new FakeEnvironment();
  const urls: string[] = [];
  const tokensFrom = (url: string) => (urls.push(url), () => "a.token");
  const client = new PresenceClient({ board: "1", tokenUrl: "/token/", loadTokens: async () => ({ tokensFrom }), environment });
  client.connect();
  await promises();
  assert.deepEqual([urls, environment.socket.subprotocols.length], [["/token/"], 2]);
});

test("a client that is destroyed leaves, unless another one goes on with its session", () => {
  for (const [options, messages] of [[undefined, [{ type: "LEAVE", board: 0 }]], [{ returns: true }, []]] as const) {
    const { environment, client } = welcomed();
    client.destroy(options);
    assert.deepEqual([environment.socket.take(), environment.socket.closedWith], [messages, 1000]);
    assert.equal(environment.leftovers, 0);
  }
});

test("the socket's URL is on the page's own host unless it is a whole URL", () => {
  const environment = new FakeEnvironment();
  new PresenceClient({ board: "blog.post:a b/c", environment }).connect();
  assert.equal(environment.socket.url, "wss://site.example/ws/presence/blog.post:a%20b%2Fc/");
  assert.equal(socketUrl("/ws/presence/1/", "http://127.0.0.1:8000/"), "ws://127.0.0.1:8000/ws/presence/1/");
  const whole = ["wss://other.example/x", "https://other.example/x"].map((url) => socketUrl(url, "https://site.example/"));
  assert.deepEqual(whole, ["wss://other.example/x", "wss://other.example/x"]);
});

for (const options of [{}, { url: "http://" }]) {
  test(`the options ${JSON.stringify(options)} are reported as an error event, and nothing is thrown`, () => {
    const environment = new FakeEnvironment();
    const client = new PresenceClient({ ...options, environment });
    const events: unknown[] = [];
    client.on("error", (error) => events.push(error));
    client.on("status", ({ status, reason }) => events.push([status, reason]));
    client.connect();
    assert.deepEqual(events[0], ["closed", "refused"]);
    assert.ok(events[1] instanceof TypeError);
    client.destroy();
    assert.equal(environment.leftovers, 0);
  });
}
