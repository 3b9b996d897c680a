/**
 * Who comes back after a socket ended, and when (PROTOCOL.md, Bad input: the table of codes). Pure.
 */
import type { Notice } from "./protocol.js";

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

type Return = "never" | "at-once" | "after-retry" | "within-retry" | "back-off";

interface Rule {
  readonly reason: Reason;
  readonly returns: Return;
}

const BY_CLOSE: Readonly<Record<number, Rule>> = {
  1009: { reason: "too-big", returns: "back-off" },
  1012: { reason: "restarting", returns: "within-retry" },
  1013: { reason: "try-later", returns: "after-retry" },
  4400: { reason: "malformed", returns: "never" },
  4401: { reason: "sign-in", returns: "never" },
  4403: { reason: "forbidden", returns: "never" },
  4404: { reason: "no-board", returns: "never" },
  4408: { reason: "silent", returns: "at-once" },
  4409: { reason: "removed", returns: "never" },
  4429: { reason: "too-fast", returns: "after-retry" },
};

/** A proxy may lose the close code; a notice that came before the end says the same. */
const CLOSE_OF_NOTICE: Readonly<Record<number, number>> = {
  2: 4429,
  3: 4401,
  4: 4403,
  5: 4404,
  6: 4409,
  7: 1012,
  8: 1013,
};

const LOST: Rule = { reason: "lost", returns: "back-off" };

const SHORTEST_BACKOFF = 500;
const LONGEST_BACKOFF = 30_000;
/** Full jitter may draw nearly nothing; a server that is down is spared even then. */
const LEAST_WAIT = 100;

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
export function backOff(attempts: number, random: number): number {
  const most = Math.min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2 ** attempts);
  return Math.max(LEAST_WAIT, random * most);
}

/** What to do about a socket that ended. `random` gives a number 0..1 each time. */
export function judge(ending: Ending, random: () => number): Verdict {
  const { reason, returns } = ruleFor(ending);
  const retry = ending.notice?.retry ?? 0;
  const firm = retry > 0 && (returns === "after-retry" || returns === "within-retry");
  return { reason, delay: delayOf(returns, retry, ending.attempts, random), firm };
}

function ruleFor({ code, notice }: Ending): Rule {
  const noticed = CLOSE_OF_NOTICE[notice?.code ?? 0] ?? 0;
  return BY_CLOSE[code] ?? BY_CLOSE[noticed] ?? LOST;
}

function delayOf(
  returns: Return,
  retry: number,
  attempts: number,
  random: () => number,
): number | undefined {
  const backedOff = backOff(attempts, random());
  // What the server asked for holds the first time; a client that keeps coming back adds to it.
  const extra = attempts > 0 || retry === 0 ? backedOff : 0;
  switch (returns) {
    case "never":
      return undefined;
    case "at-once":
      return attempts > 0 ? backedOff : 0;
    case "after-retry":
      return retry + extra;
    case "within-retry":
      return retry * random() + extra;
    case "back-off":
      return backedOff;
  }
}
