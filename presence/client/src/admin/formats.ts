/** How numbers and times are written, in the language of the page. Pure. */
import { UNKNOWN } from "./text.js";

const STEPS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export class Formats {
  readonly #locale: string;
  readonly #moments: Intl.DateTimeFormat;
  readonly #numbers = new Map<string, Intl.NumberFormat>();

  /** A language that Intl does not know is English, a time zone that it does not know the browser's. */
  constructor(locale: string, timeZone = "") {
    this.#locale = isKnown(locale) ? locale : "en";
    const zone = isZone(timeZone) ? { timeZone } : {};
    this.#moments = new Intl.DateTimeFormat(this.#locale, { dateStyle: "medium", timeStyle: "short", ...zone });
  }

  count(value: number | null): string {
    return value === null ? UNKNOWN : this.#write(value, "count", { maximumFractionDigits: 0 });
  }

  /** Of so many a second. */
  rate(value: number): string {
    return this.#write(value, "rate", { maximumFractionDigits: 1 });
  }

  /** Of so many bytes a second. */
  bytes(value: number): string {
    const step = Math.min(STEPS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
    const name = STEPS[step] as string;
    return this.#unit(value / 1000 ** step, `${name}-per-second`, value < 1000 ? 0 : 1);
  }

  milliseconds(value: number): string {
    return this.#unit(value, "millisecond", 1);
  }

  seconds(value: number): string {
    return this.#unit(value, "second", 1);
  }

  /** A time, of seconds since 1970, with its day. */
  moment(at: number): string {
    return this.#moments.format(at * 1000);
  }

  #unit(value: number, unit: string, maximumFractionDigits: number): string {
    return this.#write(value, `${unit}${maximumFractionDigits}`, { style: "unit", unit, maximumFractionDigits });
  }

  #write(value: number, key: string, options: Intl.NumberFormatOptions): string {
    const known = this.#numbers.get(key) ?? new Intl.NumberFormat(this.#locale, options);
    this.#numbers.set(key, known);
    return known.format(value);
  }
}

function isKnown(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

/** Whether Intl knows a time zone. */
export function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
