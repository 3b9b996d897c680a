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

type Delay = "never" | "if-asked" | "at-once" | "after-retry" | "within-retry" | "back-off";
type Rule = readonly [Reason, Delay];

const BY_CLOSE_CODE: Readonly<Record<number, Rule>> = {
  1009: ["too-big", "back-off"],
  1012: ["restarting", "within-retry"],
  1013: ["try-later", "after-retry"],
  4400: ["malformed", "never"],
  4401: ["sign-in", "if-asked"],
  4403: ["forbidden", "never"],
  4404: ["no-board", "never"],
  4408: ["silent", "at-once"],
  4409: ["removed", "never"],
  4429: ["too-fast", "after-retry"],
};

/** The close code that follows each NOTICE, for when a proxy loses the close code. */
const CLOSE_CODE_OF_NOTICE: Readonly<Record<number, number>> = {
  2: 4429,
  3: 4401,
  4: 4403,
  5: 4404,
  6: 4409,
  7: 1012,
  8: 1013,
};

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
  const noticed = CLOSE_CODE_OF_NOTICE[notice?.code ?? 0] ?? 0;
  const unsaid: Rule = welcomed || attempts < REFUSED_AFTER ? ["lost", "back-off"] : ["refused", "back-off"];
  const [reason, rule] = BY_CLOSE_CODE[code] ?? BY_CLOSE_CODE[noticed] ?? unsaid;
  const retry = notice?.retry ?? 0;
  const wait = backOff(attempts, random(), reason === "refused" ? RAREST_BACKOFF : LONGEST_BACKOFF);
  // The first reconnect follows the server's wish exactly; later ones also back off.
  const extra = attempts > 0 || retry === 0 ? wait : 0;
  const delays: Record<Delay, number | undefined> = {
    never: undefined,
    "if-asked": retry > 0 ? retry + extra : undefined,
    "at-once": attempts > 0 ? wait : 0,
    "after-retry": retry + extra,
    "within-retry": retry * random() + extra,
    "back-off": wait,
  };
  const binding = retry > 0 && (rule === "if-asked" || rule === "after-retry" || rule === "within-retry");
  return { reason, delay: delays[rule], binding };
}
