import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PresenceClient } from "../../src/client/client.js";
import { TokenError, tokensFrom, type Token } from "../../src/client/tokens.js";
import { connect } from "../support/connecting.js";
import { FakeEnvironment, promises, welcoming } from "../support/fake.js";

const VIEW = "https://site.example/presence/token/1/";
const signal = new AbortController().signal;

function asked(environment = new FakeEnvironment(), url = VIEW) {
  const token = tokensFrom(url, environment) as (signal: AbortSignal) => Promise<string>;
  return { environment, token };
}

describe("a token from the site's view", () => {
  test("is what the answer says; its URL is relative to the page", async () => {
    const { environment, token } = asked(undefined, "/presence/token/1/");
    const coming = token(signal);
    assert.deepEqual([environment.request.url, environment.request.headers], [VIEW, {}]);
    environment.request.answer({ status: 200, body: { token: "abc" } });
    assert.equal(await coming, "abc");
    assert.deepEqual([...environment.memory], []);
  });

  test("a guest says the next time who they are, and so do the other tabs", async () => {
    const { environment, token } = asked();
    const coming = token(signal);
    environment.request.answer({ status: 200, body: { token: "abc", guest: "me:signed" } });
    await coming;
    void token(signal);
    assert.deepEqual(environment.request.headers, { "Presence-Guest": "me:signed" });
    void asked(environment).token(signal);
    assert.deepEqual(environment.request.headers, { "Presence-Guest": "me:signed" });
    void asked(environment, "https://other.example/token/").token(signal);
    assert.deepEqual(environment.request.headers, {}, "nobody else's business");
  });

  test("without a memory a guest is still one for as long as the page is open", async () => {
    const { environment, token } = asked();
    const coming = token(signal);
    environment.request.answer({ status: 200, body: { token: "abc", guest: "me:signed" } });
    await coming;
    environment.memory.clear();
    void token(signal);
    assert.deepEqual(environment.request.headers, { "Presence-Guest": "me:signed" });
  });

  const codes = [[401, 4401], [403, 4403], [404, 4404], [429, 4429], [503, 1013], [500, 1006], [302, 1006]] as const;
  for (const [status, code] of codes) {
    test(`${status} is told as ${code}`, async () => {
      const { environment, token } = asked();
      const coming = token(signal);
      environment.request.answer({ status, body: undefined });
      await assert.rejects(coming, (error) => error instanceof TokenError && error.code === code);
    });
  }

  for (const body of [undefined, null, {}, { token: 7 }, "abc", []]) {
    test(`${JSON.stringify(body)} is no answer`, async () => {
      const { environment, token } = asked();
      const coming = token(signal);
      environment.request.answer({ status: 200, body });
      await assert.rejects(coming, (error) => error instanceof TokenError && error.code === 1006);
    });
  }
});

describe("a connection with a token", () => {
  test("offers it beside the protocol, and never in the URL", () => {
    const { environment } = connect(undefined, "abc");
    assert.deepEqual(environment.socket.subprotocols, ["presence.v1", "presence.token.abc"]);
    assert.doesNotMatch(environment.socket.url, /abc/);
  });

  test("asks for a new one each time", async () => {
    let count = 0;
    const { environment } = connect(undefined, async () => `t${++count}`);
    await promises();
    environment.socket.accept().say(...welcoming()).end(1006);
    environment.pass(1000);
    await promises();
    const offered = environment.sockets.map(({ subprotocols }) => subprotocols[1]);
    assert.deepEqual(offered, ["presence.token.t1", "presence.token.t2"]);
  });

  test("may be given one without a promise", async () => {
    const { environment } = connect(undefined, () => "abc");
    await promises();
    assert.equal(environment.socket.subprotocols[1], "presence.token.abc");
  });

  const refused = (code: number) => connect(undefined, () => Promise.reject(new TokenError("no token", code)));

  test("stays away where the view refuses", async () => {
    for (const [code, reason] of [[4401, "sign-in"], [4403, "forbidden"], [4404, "no-board"]] as const) {
      const { environment, last, errors } = refused(code);
      await promises();
      assert.deepEqual([...last(), ...errors], ["closed", reason, "no token"]);
      environment.pass(600_000);
      assert.equal(environment.sockets.length, 0);
    }
  });

  test("comes back where nobody answers, backing off", async () => {
    const tries: number[] = [];
    const { environment, last } = connect(undefined, () => {
      tries.push(environment.time);
      return Promise.reject(new TypeError("Failed to fetch"));
    });
    for (let round = 0; round < 100; round++) {
      await promises();
      environment.pass(1000);
    }
    assert.equal(last()[0], "waiting");
    assert.ok(tries.length > 3 && tries.length < 15, `${tries.length} tries in 100 s`);
  });

  test("does not wait for ever for one", async () => {
    const { environment } = connect(undefined, () => new Promise<string>(() => {}));
    environment.pass(20_000);
    await promises();
    assert.equal(environment.sockets.length, 0);
    assert.equal(environment.leftovers, 2, "a listener, and the timer of the return");
  });

  test("where the token is none that a browser would send, it is over", async () => {
    const { environment, last } = connect((e) => (e.refusal = new SyntaxError("bad subprotocol")), async () => "ä");
    await promises();
    assert.deepEqual(last(), ["closed", "refused"]);
    assert.equal(environment.leftovers, 1, "the listener, until it is closed");
  });

  const waits: [string, (all: ReturnType<typeof connect>) => void][] = [
    ["closed", ({ connection }) => connection.close()],
    ["hidden", ({ environment }) => environment.hide()],
    ["left", ({ environment }) => environment.signal("pagehide")],
  ];
  for (const [name, end] of waits) {
    test(`${name} while it is asked for, nothing is opened, and the question is withdrawn`, async () => {
      let give: (token: string) => void = () => {};
      let withdrawn: AbortSignal | undefined;
      const token: Token = (signal) => {
        withdrawn = signal;
        return new Promise((given) => (give = given));
      };
      const all = connect(undefined, token);
      end(all);
      assert.equal(withdrawn?.aborted, true);
      give("late");
      await promises();
      assert.equal(all.environment.sockets.length, 0);
      assert.deepEqual(all.errors, []);
    });
  }

  test("back while an earlier question is under way, there is one socket", async () => {
    const { environment } = connect(undefined, async () => "abc");
    environment.hide();
    environment.show();
    environment.signal("online");
    await promises();
    assert.equal(environment.sockets.length, 1);
  });
});

describe("the client", () => {
  test("takes tokens from the view, and leaves no question behind", async () => {
    const environment = new FakeEnvironment();
    const presence = new PresenceClient({ board: "1", tokenUrl: VIEW, token: "unused", environment });
    presence.connect();
    assert.equal(environment.request.url, VIEW);
    presence.destroy();
    assert.equal(environment.leftovers, 0);
    await promises();
    assert.equal(environment.leftovers, 0);
  });

  test("finds a board's socket on the page's own host", () => {
    const environment = new FakeEnvironment();
    new PresenceClient({ board: "a b", environment }).connect();
    assert.equal(environment.socket.url, "wss://site.example/ws/presence/a%20b/");
  });

  for (const [name, options] of [["no board", {}], ["what is no URL", { url: "http://" }]] as const) {
    test(`tells of ${name} in an event, and throws nothing`, () => {
      const environment = new FakeEnvironment();
      const presence = new PresenceClient({ ...options, environment });
      const heard: unknown[] = [];
      presence.on("error", (error) => heard.push(error));
      presence.on("status", ({ status, reason }) => heard.push([status, reason]));
      presence.connect();
      assert.deepEqual(heard[0], ["closed", "refused"]);
      assert.ok(heard[1] instanceof TypeError);
      presence.destroy();
      assert.equal(environment.leftovers, 0);
    });
  }
});
