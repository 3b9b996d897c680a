/** The reconnect policy: if and when a client connects again (PROTOCOL.md, Bad input: the table of codes). Pure. */
import type { Notice } from "./messages.js";

/** Why a socket ended, or why there is none. */
export type Reason =
  | "malformed"
  | "too-fast"
  | "too-big"
  | "sign-in"
  | "forbidden"
  | "no-board"
  | "removed"
  | "restarting"
  | "try-later"
  | "silent"
  | "lost"
  | "hidden"
  | "refused"
  | "left";

/** Close codes (RFC 6455, section 7.4.1): a client that leaves, and a socket that broke. */
export const NORMAL = 1000;
export const ABNORMAL = 1006;

/** When to connect again. By these three the server's wish binds the client. */
const AFTER_RETRY = 0;
const WITHIN_RETRY = 1;
const IF_ASKED = 2;
const AT_ONCE = 3;
const BACK_OFF = 4;
const NEVER = 5;

/** The code of the NOTICE that precedes a close code, because a proxy may lose that; 0 = there is none. */
const RULES: readonly (readonly [closeCode: number, notice: number, Reason, when: 0 | 1 | 2 | 3 | 4 | 5])[] = [
  [1009, 0, "too-big", BACK_OFF],
  [1012, 7, "restarting", WITHIN_RETRY],
  [1013, 8, "try-later", AFTER_RETRY],
  [4400, 0, "malformed", NEVER],
  [4401, 3, "sign-in", IF_ASKED],
  [4403, 4, "forbidden", NEVER],
  [4404, 5, "no-board", NEVER],
  [4408, 0, "silent", AT_ONCE],
  [4409, 6, "removed", NEVER],
  [4429, 2, "too-fast", AFTER_RETRY],
];

const SHORTEST_BACKOFF = 500;
const LONGEST_BACKOFF = 30_000;
/**
 * A client that was never welcomed, after so many attempts in a row, may not come in at all: its origin is refused, or
 * something in between lets no socket through. A browser tells no script which, and it may be an outage, too. So the
 * client asks ever more rarely, and waits no longer than about twice what it has waited already.
 */
const REFUSED_AFTER = 7;
const RAREST_BACKOFF = 600_000;
/** Full jitter may draw almost nothing; this spares a server that is down. */
const LEAST_WAIT = 100;

/** How a socket ended. */
export interface Ending {
  /** The close code; 1006 if there was none. */
  readonly code: number;
  /** The last NOTICE of this socket. */
  readonly notice: Notice | undefined;
  /** Reconnects in a row since the last stable connection. */
  readonly attempts: number;
  /** Whether any socket of this client was welcomed. */
  readonly welcomed: boolean;
}

export interface Reconnect {
  readonly reason: Reason;
  /** Milliseconds until the client connects again; undefined = never. */
  readonly delay: number | undefined;
  /** The server chose the delay, so nothing may shorten it: not even a page that is shown again. */
  readonly binding: boolean;
}

/** Exponential back-off with full jitter, from 0.5 s to the `longest`. `random` is 0..1. */
export function backOff(attempts: number, random: number, longest = LONGEST_BACKOFF): number {
  const most = Math.min(longest, SHORTEST_BACKOFF * 2 ** attempts);
  return Math.max(LEAST_WAIT, random * most);
}

/** Decide what follows the end of a socket. `random` returns another number 0..1 each time. */
export function reconnect({ code, notice, attempts, welcomed }: Ending, random: () => number): Reconnect {
  const unsaid: Reason = welcomed || attempts < REFUSED_AFTER ? "lost" : "refused";
  const told = RULES.find((rule) => rule[0] === code) ?? RULES.find((rule) => rule[1] && rule[1] === notice?.code);
  const [, announced, reason, when] = told ?? [code, 0, unsaid, BACK_OFF];
  const retry = notice?.code === announced ? notice.retry : 0;
  const wait = backOff(attempts, random(), reason === "refused" ? RAREST_BACKOFF : LONGEST_BACKOFF);
  // The first reconnect follows the server's wish exactly; those after it also back off.
  const extra = attempts > 0 || retry === 0 ? wait : 0;
  const delays = {
    [AFTER_RETRY]: retry + extra,
    // The server has this client move, which is no failure.
    [WITHIN_RETRY]: retry > 0 ? retry * random() : wait,
    [IF_ASKED]: retry > 0 ? retry + extra : undefined,
    [AT_ONCE]: attempts > 0 ? wait : 0,
    [BACK_OFF]: wait,
    [NEVER]: undefined,
  };
  return { reason, delay: delays[when], binding: retry > 0 && when <= IF_ASKED };
}
