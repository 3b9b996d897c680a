/**
 * Who comes back after a socket ended, and when (PROTOCOL.md, Bad input: the table of codes). Pure.
 */
import type { Notice } from "./protocol.js";
/** Why a socket ended, or why there is none. */
export type Reason = "malformed" | "too-fast" | "too-big" | "sign-in" | "forbidden" | "no-board" | "removed" | "restarting" | "try-later" | "silent" | "lost" | "hidden" | "refused" | "left";
export interface Ending {
    /** The close code, 1006 where there was none. */
    readonly code: number;
    /** The last NOTICE on this socket. */
    readonly notice: Notice | undefined;
    /** How often in a row the client has come back without staying. */
    readonly attempts: number;
}
export interface Verdict {
    readonly reason: Reason;
    /** Milliseconds until the return; undefined = never. */
    readonly delay: number | undefined;
    /** The server set the delay: not even a page that is shown again may come sooner. */
    readonly firm: boolean;
}
/** Full-jitter exponential back-off, 0.5 s to 30 s: `random` 0..1 of what the attempt allows. */
export declare function backOff(attempts: number, random: number): number;
/** What to do about a socket that ended. `random` gives a number 0..1 each time. */
export declare function judge(ending: Ending, random: () => number): Verdict;
