/** The reconnect policy: if and when a client connects again (PROTOCOL.md, Bad input: the table of codes). Pure. */
import type { Notice } from "./messages.js";
/** Why a socket ended, or why there is none. */
export type Reason = "malformed" | "too-fast" | "too-big" | "sign-in" | "forbidden" | "no-board" | "removed" | "restarting" | "try-later" | "silent" | "lost" | "hidden" | "refused" | "left";
/** Close codes (RFC 6455, section 7.4.1): a client that leaves, and a socket that broke. */
export declare const NORMAL = 1000;
export declare const ABNORMAL = 1006;
/** How a socket ended. */
export interface Ending {
    /** The close code; 1006 if there was none. */
    readonly code: number;
    /** The last NOTICE of this socket. */
    readonly notice: Notice | undefined;
    /** Reconnects in a row since the last stable connection. */
    readonly attempts: number;
}
export interface Reconnect {
    readonly reason: Reason;
    /** Milliseconds until the client connects again; undefined = never. */
    readonly delay: number | undefined;
    /** The server chose the delay, so nothing may shorten it: not even a page that is shown again. */
    readonly binding: boolean;
}
/** Exponential back-off with full jitter, 0.5 s to 30 s. `random` is 0..1. */
export declare function backOff(attempts: number, random: number): number;
/** Decide what follows the end of a socket. `random` returns another number 0..1 each time. */
export declare function reconnect({ code, notice, attempts }: Ending, random: () => number): Reconnect;
