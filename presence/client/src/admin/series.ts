/** What the history tells, and what to say of it in words. Pure. */

/** Begin of each minute or hour in seconds since 1970; people on average and at most, null where
 * nobody looked. */
export interface Trend {
  readonly at: readonly number[];
  readonly people: readonly (number | null)[];
  readonly peak: readonly (number | null)[];
}

export interface Summary {
  /** People in the last of them in which somebody looked. */
  readonly people: number;
  readonly peak: number;
  /** When the peak was. */
  readonly at: number;
}

/** Undefined where nothing was recorded. */
export function summarize({ at, people, peak }: Trend): Summary | undefined {
  const last = lastKnown(people);
  if (last < 0) return undefined;
  const most = Math.max(...peak.map((value) => value ?? 0));
  return { people: people[last] as number, peak: most, at: at[peak.indexOf(most)] as number };
}

/** The last place that has a value, -1 where none has. */
export function lastKnown(values: readonly (number | null)[]): number {
  return values.reduce<number>((last, value, at) => (value === null ? last : at), -1);
}

/** Places whose neighbours are gaps: no line goes through them. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const known = (at: number) => values[at] !== null && values[at] !== undefined;
  return [...values.keys()].filter((at) => known(at) && !known(at - 1) && !known(at + 1));
}

/** The top of the scale: never so low that one person is a mountain. */
export function top(peak: readonly (number | null)[]): number {
  return Math.max(4, ...peak.map((value) => value ?? 0)) * 1.1;
}
