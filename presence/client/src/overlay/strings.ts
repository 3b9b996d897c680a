/** Everything the overlay says, in any language. Pure. */

/**
 * The forms of a text that depends on a number, under the plural categories of the language ("one",
 * "few", "other" ...) or under examples of the numbers: {"1": …, "2": …} is the same in English.
 */
export type Forms = Readonly<Record<string, string>>;

export interface Strings {
  /** The language of all of it, as in the `lang` attribute. */
  readonly locale: string;
  /** How many people are here: `{count}`. */
  readonly people: Forms;
  /** What the bar is called. */
  readonly bar: string;
  readonly everyone: string;
  /** `{name}` in these three. */
  readonly goTo: string;
  readonly you: string;
  readonly away: string;
  readonly hide: string;
  readonly unseen: string;
}

export const ENGLISH: Strings = {
  locale: "en",
  people: { one: "{count} person here", other: "{count} people here" },
  bar: "People here",
  everyone: "Show everyone",
  goTo: "Go to {name}",
  you: "{name} (you)",
  away: "{name} (away)",
  hide: "Hide cursors",
  unseen: "Appear without a cursor",
};

export class Words {
  readonly #strings: Strings;
  readonly #rules: Intl.PluralRules;
  readonly #forms = new Map<string, string>();

  /** What is not given is English. Throws RangeError where the locale is none. */
  constructor(given: Partial<Strings> = {}) {
    this.#strings = { ...ENGLISH, ...given };
    this.#rules = new Intl.PluralRules(this.#strings.locale);
    for (const [key, form] of Object.entries(this.#strings.people)) this.#forms.set(this.#category(key), form);
  }

  say(key: Exclude<keyof Strings, "people">, name = ""): string {
    return this.#strings[key].replace("{name}", () => name);
  }

  /** "4 people here". */
  people(count: number): string {
    const form = this.#forms.get(this.#rules.select(count)) ?? "{count}";
    return form.replace("{count}", this.number(count));
  }

  number(count: number): string {
    return count.toLocaleString(this.#strings.locale);
  }

  #category(key: string): string {
    return isNaN(Number(key)) ? key : this.#rules.select(Number(key));
  }
}
