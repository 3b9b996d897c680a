import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenError, tokensFrom } from "../../src/client/tokens.js";
import { FakeEnvironment } from "../support/environment.js";

const VIEW = "https://site.example/presence/token/1/";

function requestToken(environment = new FakeEnvironment(), url = VIEW) {
  const tokens = tokensFrom(url, environment) as (signal: AbortSignal) => Promise<string>;
  const next = () => tokens(new AbortController().signal);
  return { environment, next, token: next() };
}

test("a token is what the view answers, whose URL is relative to the page", async () => {
  const { environment, token } = requestToken(undefined, "/presence/token/1/");
  assert.deepEqual([environment.request.url, environment.request.headers], [VIEW, {}]);
  await environment.request.respond(200, { token: "abc" });
  assert.equal(await token, "abc");
  assert.deepEqual([...environment.memory], []);
});

test("a guest stays the same person, also in other tabs and where nothing can be stored", async () => {
  const { environment, token, next } = requestToken();
  await environment.request.respond(200, { token: "abc", guest: "me:signed" });
  await token;
  const sent = () => environment.request.headers["Presence-Guest"];
  requestToken(environment);
  assert.equal(sent(), "me:signed", "another tab");
  requestToken(environment, "https://other.example/token/");
  assert.equal(sent(), undefined, "another origin");
  environment.memory.clear();
  void next();
  assert.equal(sent(), "me:signed", "without storage");
});

const codes = { 401: 4401, 403: 4403, 404: 4404, 429: 4429, 503: 1013, 500: 1006, 302: 1006 };
const refusals = Object.entries(codes).map(([status, code]) => [Number(status), undefined, code] as const);
const withoutToken = [undefined, null, {}, { token: 7 }, "abc", []].map((body) => [200, body, 1006] as const);
for (const [status, body, code] of [...refusals, ...withoutToken]) {
  test(`an answer ${status} with ${JSON.stringify(body)} fails like the close code ${code}`, async () => {
    const { environment, token } = requestToken();
    const failed = assert.rejects(token, (error) => error instanceof TokenError && error.code === code);
    await environment.request.respond(status, body);
    await failed;
  });
}
