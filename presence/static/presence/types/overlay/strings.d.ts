/** The overlay's texts in any language. Pure. */
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
    readonly hide: string;
    readonly unseen: string;
}
export declare const ENGLISH: Strings;
export declare class Texts {
    #private;
    /** A missing string is English. Throws RangeError if the locale is invalid. */
    constructor(strings?: Partial<Strings>);
    text(key: Exclude<keyof Strings, "people">, name?: string): string;
    /** "4 people here". */
    people(count: number): string;
    number(count: number): string;
}
