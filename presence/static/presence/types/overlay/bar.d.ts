import { type Person } from "./people.js";
import { type Choice } from "./preferences.js";
import type { Texts } from "./strings.js";
export interface BarHost {
    readonly texts: Texts;
    /** Reads the attributes `avatars` and `shortcut`. */
    getAttribute(name: string): string | null;
}
export declare class Bar {
    #private;
    private readonly host;
    private readonly goTo;
    private readonly turn;
    readonly element: HTMLElement;
    /** `goTo` shows where someone points, `turn` turns a switch on or off. Listens until `signal` aborts. */
    constructor(host: BarHost, goTo: (user: number) => void, turn: (choice: Choice) => void, signal: AbortSignal);
    /** Hides the bar if the count is unknown. */
    show(people: ReadonlyMap<string, Person>, count: number | undefined): void;
    press(choice: Choice, on: boolean): void;
}
/** A changing value is announced once it has not changed for this long, so that a reader is not interrupted. */
export declare const SETTLE_TIME = 1000;
/** It is announced after this long even if it keeps changing. */
export declare const LONGEST_DELAY = 5000;
/** When to announce a value that changed at `now`, and first at `since`. */
export declare function announceAt(now: number, since: number): number;
/** A polite live region that announces a text once it has settled. */
export declare class Announcer {
    #private;
    readonly element: HTMLParagraphElement;
    constructor();
    push(text: string): void;
    destroy(): void;
}
