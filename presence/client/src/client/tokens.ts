/** Fetches the signed tokens that let a page of another origin onto a board (PROTOCOL.md, Tokens). */
import { browser, get, type Environment } from "../lib/environment.js";
import { ABNORMAL } from "../protocol/reconnect.js";

/** A token, or a function that returns one for each connection. The function may reject; `signal` cancels it. */
export type Token = string | ((signal: AbortSignal) => string | Promise<string>);

/** What another script loads of this one. */
export type TokensScript = Pick<typeof import("./tokens.js"), "tokensFrom">;

/** There is no token. `code` is the close code with the same meaning for the client. */
export class TokenError extends Error {
  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
  }
}

/** Identifies a guest to the token view. A page of another origin has no cookie for that. */
const GUEST_HEADER = "Presence-Guest";
const CLOSE_CODE_OF_STATUS: Readonly<Record<number, number>> = {
  401: 4401,
  403: 4403,
  404: 4404,
  429: 4429,
  503: 1013,
};

/** Fetch tokens from the site's view at `url`. A guest remains the same person from one token to the next. */
export function tokensFrom(url: string, environment: Environment = browser): Exclude<Token, string> {
  let known: string | undefined;
  return async (signal) => {
    const { href, origin } = new URL(url, environment.address());
    const key = `presence-guest ${origin}`;
    const identity = known ?? environment.recall(key);
    const { status, body } = await get(environment, href, identity ? { [GUEST_HEADER]: identity } : {}, signal);
    if (status !== 200) {
      throw new TokenError(`the token view answered ${status}`, CLOSE_CODE_OF_STATUS[status] ?? ABNORMAL);
    }
    const { token, guest } = (body ?? {}) as { token?: unknown; guest?: unknown };
    if (typeof token !== "string") throw new TokenError("the token view sent no token", ABNORMAL);
    if (typeof guest === "string" && guest) environment.remember(key, (known = guest));
    return token;
  };
}
