/**
 * The counts that a page shows: asked for all at once, and again and again while somebody looks at it.
 * Time, chance and the network are arguments.
 */
import type { Environment } from "../lib/environment.js";
/** Boards of one request: the most that the view takes. */
export declare const MOST = 100;
/** Milliseconds between two looks, where nothing else is said. */
export declare const EVERY = 5000;
/** The least between two, whoever asks for it. */
export declare const LEAST = 1000;
export type Counts = Readonly<Record<string, number>>;
/** `retry` is in milliseconds: how long the server wants to be left alone. */
export interface Heard {
    readonly counts?: Counts;
    readonly retry?: number;
}
export interface World extends Pick<Environment, "now" | "random" | "setTimer" | "clearTimer" | "visible"> {
    /** GET. Without `counts` it is no answer; rejects where there is none at all. */
    ask(url: string): Promise<Heard | null>;
}
/** Something that shows the count of a board. `every` is in milliseconds. */
export interface Place {
    readonly board: string;
    readonly every: number;
    /** Whether it shows a count already. */
    readonly known: boolean;
    /** Counts that were told, its own not among them where that is not for this visitor; or none came. */
    hear(counts?: Counts): void;
}
/** Milliseconds that a Retry-After wants, where it says so in seconds (RFC 9110, section 10.2.3). */
export declare function retryOf(header: string | null): number;
/** `every` of an element, which is in seconds, as milliseconds. */
export declare function everyOf(attribute: string | null): number;
export declare class Counter {
    #private;
    constructor(endpoint: string, world: World);
    add(place: Place): void;
    remove(place: Place): void;
    /** The page is looked at again, or has a network again. */
    shown(): void;
    /** Somebody on this page knows better: the overlay of the same board. */
    tell(board: string, count: number): void;
}
