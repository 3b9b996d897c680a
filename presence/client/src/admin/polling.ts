// When to ask the server again. Pure: chance is an argument.

/** Milliseconds between two questions while all is well: a join shows within a second. */
export const EVERY = 750;
/** The longest that a server in trouble is left alone, in milliseconds. */
export const LONGEST = 30_000;

/** What an answer means: go on, ask again later, or ask no more because this page may not (any more). */
export type Outcome = "answered" | "failed" | "refused";

export function outcomeOf(status: number, redirected: boolean): Outcome {
  // Whoever is signed out is sent to the page where one signs in.
  if (redirected || status === 401 || status === 403 || status === 404) return "refused";
  return status >= 200 && status < 300 ? "answered" : "failed";
}

/** Milliseconds until the next question after so many failures in a row; `chance` is 0 to 1. */
export function pause(failures: number, chance: number): number {
  const longest = Math.min(EVERY * 2 ** failures, LONGEST);
  return failures === 0 ? EVERY : longest / 2 + (longest / 2) * chance;
}
