/** Fetches the signed tokens that let a page of another origin onto a board (PROTOCOL.md, Tokens). */
import { type Environment } from "../lib/environment.js";
/** A token, or a function that returns one for each connection. The function may reject; `signal` cancels it. */
export type Token = string | ((signal: AbortSignal) => string | Promise<string>);
/** There is no token. `code` is the close code with the same meaning for the client. */
export declare class TokenError extends Error {
    readonly code: number;
    constructor(message: string, code: number);
}
/** Fetch tokens from the site's view at `url`. A guest remains the same person from one token to the next. */
export declare function tokensFrom(url: string, environment?: Environment): Token;
