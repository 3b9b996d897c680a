/** Formats numbers and times in the language of the page. Pure. */
import { UNKNOWN } from "./page.js";

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export class Formats {
  readonly #locale: string;
  readonly #moments: Intl.DateTimeFormat;
  readonly #numbers = new Map<string, Intl.NumberFormat>();

  /** An unknown language becomes English, and an unknown time zone the browser's. */
  constructor(locale: string, timeZone = "") {
    this.#locale = isLocale(locale) ? locale : "en";
    const zone = isTimeZone(timeZone) ? { timeZone } : {};
    this.#moments = new Intl.DateTimeFormat(this.#locale, { dateStyle: "medium", timeStyle: "short", ...zone });
  }

  count(value: number | null): string {
    return value === null ? UNKNOWN : this.#format(value, { maximumFractionDigits: 0 });
  }

  /** Per second. */
  rate(value: number): string {
    return this.#format(value, { maximumFractionDigits: 1 });
  }

  /** Bytes per second. */
  bytes(value: number): string {
    const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
    return this.#unit(value / 1000 ** step, `${BYTE_UNITS[step]}-per-second`, value < 1000 ? 0 : 1);
  }

  milliseconds(value: number): string {
    return this.#unit(value, "millisecond");
  }

  seconds(value: number): string {
    return this.#unit(value, "second");
  }

  /** Date and time of seconds since 1970. */
  moment(at: number): string {
    return this.#moments.format(at * 1000);
  }

  #unit(value: number, unit: string, maximumFractionDigits = 1): string {
    return this.#format(value, { style: "unit", unit, maximumFractionDigits });
  }

  #format(value: number, options: Intl.NumberFormatOptions): string {
    const key = JSON.stringify(options);
    const format = this.#numbers.get(key) ?? new Intl.NumberFormat(this.#locale, options);
    this.#numbers.set(key, format);
    return format.format(value);
  }
}

function isLocale(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
