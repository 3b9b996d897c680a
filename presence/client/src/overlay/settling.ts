/** When a value that changes often is told. Pure: times are in milliseconds. */

/** A reader is not to be interrupted for each of several changes; nor to wait for ever. */
export const REST = 1000;
export const LONGEST_WAIT = 5000;

/** When to tell a value that changed at `now`, and since `since` again and again. */
export function dueAt(now: number, since: number): number {
  return Math.min(now + REST, since + LONGEST_WAIT);
}
