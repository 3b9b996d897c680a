/** Polls all counts of a page in one request while the page is visible. Time, randomness and HTTP are arguments. */
import type { Environment } from "../lib/environment.js";
/** The server's limit of boards in one request. */
export declare const BOARDS_PER_REQUEST = 100;
/** Default of the milliseconds between two polls. */
export declare const DEFAULT_INTERVAL = 5000;
/** Two polls are at least this many milliseconds apart. */
export declare const LEAST_INTERVAL = 1000;
export type Counts = Readonly<Record<string, number>>;
/** An answer without counts is a failure. `retry` is the milliseconds to wait before the next request. */
export interface CountsAnswer {
    readonly counts?: Counts;
    /** Why some texts are no boards. */
    readonly errors?: readonly string[];
    readonly retry?: number;
}
export interface PollerEnvironment extends Pick<Environment, "now" | "random" | "setTimer" | "clearTimer" | "visible"> {
    /** Rejects if nobody answers. */
    get(url: string): Promise<CountsAnswer | null>;
}
/** Something that shows the count of a board. */
export interface CountView {
    readonly board: string;
    /** Milliseconds between two polls. */
    readonly interval: number;
    /** Whether it already shows a count. */
    readonly known: boolean;
    /** Without `counts` the poll failed. Counts without the view's board mean that it is not for this visitor. */
    update(counts?: Counts): void;
}
/** Parse a Retry-After in seconds (RFC 9110, section 10.2.3) as milliseconds; 0 for anything else. */
export declare function parseRetryAfter(header: string | null): number;
/** Parse the attribute `every`, in seconds, as milliseconds. */
export declare function parseEvery(attribute: string | null): number;
export declare class CountPoller {
    #private;
    constructor(endpoint: string, environment: PollerEnvironment);
    add(view: CountView): void;
    remove(view: CountView): void;
    /** Poll as soon as allowed: the page is visible or online again. */
    refresh(): void;
    /** Show a count that is newer than any answer: an overlay on this page reported it. */
    report(board: string, count: number): void;
}
