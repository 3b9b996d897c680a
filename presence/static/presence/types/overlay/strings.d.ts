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
export declare const ENGLISH: Strings;
export declare class Words {
    #private;
    /** What is not given is English. Throws RangeError where the locale is none. */
    constructor(given?: Partial<Strings>);
    say(key: Exclude<keyof Strings, "people">, name?: string): string;
    /** "4 people here". */
    people(count: number): string;
    number(count: number): string;
}
