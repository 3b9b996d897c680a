/** The overlay's texts in any language. Pure. */
import type { StatusChange } from "../client/connection.js";

/**
 * The forms of a text that depends on a number. A key is a plural category ("one", "few", "other" ...) or an example
 * of the numbers: in English {"1": …, "2": …} means the same as {"one": …, "other": …}.
 */
export type Forms = Readonly<Record<string, string>>;

export interface Strings {
  /** The language of the texts, as in the `lang` attribute. */
  readonly locale: string;
  /** How many people are here, as `{count}`. */
  readonly people: Forms;
  /** The label of the bar. */
  readonly bar: string;
  readonly everyone: string;
  /** These three contain `{name}`. */
  readonly goTo: string;
  readonly you: string;
  readonly away: string;
  /** What a screen reader says of a person, after the name. */
  readonly signedIn: string;
  readonly guest: string;
  readonly hide: string;
  readonly unseen: string;
  /** What visitors are told who do not see who is here, or are not seen. Reasons that have no text are "closed" or "lost". */
  readonly watching: string;
  readonly closed: string;
  readonly lost: string;
  readonly removed: string;
  readonly "sign-in": string;
  readonly "try-later": string;
}

export const ENGLISH: Strings = {
  locale: "en",
  people: { one: "{count} person here", other: "{count} people here" },
  bar: "People here",
  everyone: "Show everyone",
  goTo: "Go to {name}",
  you: "{name} (you)",
  away: "{name} (away)",
  signedIn: "signed in",
  guest: "guest",
  hide: "Hide cursors",
  unseen: "Appear without a cursor",
  watching: "The board is full: you are watching",
  closed: "You cannot see who is here",
  lost: "No connection; trying again",
  removed: "You were removed",
  "sign-in": "Sign in to see who is here",
  "try-later": "Too busy; trying again",
};

export class Texts {
  readonly #strings: Strings;
  readonly #rules: Intl.PluralRules;
  readonly #forms = new Map<string, string>();

  /** A missing string is English. Throws RangeError if the locale is invalid. */
  constructor(strings: Partial<Strings> = {}) {
    this.#strings = { ...ENGLISH, ...strings };
    const rules = (this.#rules = new Intl.PluralRules(this.#strings.locale));
    for (const [key, form] of Object.entries(this.#strings.people)) {
      this.#forms.set(isNaN(Number(key)) ? key : rules.select(Number(key)), form);
    }
  }

  text(key: Exclude<keyof Strings, "people">, name = ""): string {
    return this.#strings[key].replace("{name}", () => name);
  }

  /** Why a connection is closed or waiting. A visitor can do nothing about a fault of the site's. */
  why({ status, reason = "lost" }: StatusChange): string {
    return this.#strings[reason as "lost"] ?? this.#strings[status === "closed" || reason === "refused" ? "closed" : "lost"];
  }

  /** "4 people here". */
  people(count: number): string {
    const form = this.#forms.get(this.#rules.select(count)) ?? "{count}";
    return form.replace("{count}", this.number(count));
  }

  number(count: number): string {
    return count.toLocaleString(this.#strings.locale);
  }
}
