/**
 * Signed tokens, by which a page of another origin comes onto a board (PROTOCOL.md, Tokens). They are
 * good for a minute, so each connection asks for its own.
 */
import { type Environment } from "../lib/environment.js";
/** A token, or what gives one for each connection; it may reject, and ends early with the signal. */
export type Token = string | ((signal: AbortSignal) => string | Promise<string>);
/** No token was given. `code` is the close code that says what to do about it. */
export declare class TokenError extends Error {
    readonly code: number;
    constructor(message: string, code: number);
}
/** Tokens from a view of the site: `token-url`. A guest stays the same person from one to the next. */
export declare function tokensFrom(url: string, environment?: Environment): Token;
