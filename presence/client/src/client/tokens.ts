/**
 * Signed tokens, by which a page of another origin comes onto a board (PROTOCOL.md, Tokens). They are
 * good for a minute, so each connection asks for its own.
 */
import { browser, type Environment } from "../lib/environment.js";

/** A token, or what gives one for each connection; it may reject, and ends early with the signal. */
export type Token = string | ((signal: AbortSignal) => string | Promise<string>);

/** No token was given. `code` is the close code that says what to do about it. */
export class TokenError extends Error {
  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
  }
}

/** In which the page says who its guest is: another origin's has no cookie to say it. */
const GUEST_HEADER = "Presence-Guest";
const BROKEN = 1006;
const CLOSE_OF_STATUS: Readonly<Record<number, number>> = {
  401: 4401,
  403: 4403,
  404: 4404,
  429: 4429,
  503: 1013,
};

/** Tokens from a view of the site: `token-url`. A guest stays the same person from one to the next. */
export function tokensFrom(url: string, environment: Environment = browser): Token {
  let known: string | undefined;
  return async (signal) => {
    const { href, origin } = new URL(url, environment.address());
    const key = `presence-guest ${origin}`;
    const guest = known ?? environment.recall(key);
    const answer = await environment.fetch(href, guest ? { [GUEST_HEADER]: guest } : {}, signal);
    const said = read(answer);
    if (said.guest) environment.remember(key, (known = said.guest));
    return said.token;
  };
}

function read({ status, body }: { status: number; body: unknown }): { token: string; guest?: string } {
  if (status !== 200) throw new TokenError(`no token: ${status}`, CLOSE_OF_STATUS[status] ?? BROKEN);
  const said = body as { token?: unknown; guest?: unknown } | null;
  if (typeof said?.token !== "string") throw new TokenError("no token in the answer", BROKEN);
  return typeof said.guest === "string" ? { token: said.token, guest: said.guest } : { token: said.token };
}
