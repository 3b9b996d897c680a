import { type Person } from "./people.js";
import type { Choice } from "./preferences.js";
import type { Words } from "./strings.js";
/** What the bar asks of whoever shows it. */
export interface BarHost {
    readonly words: Words;
    /** The element's: "avatars", how many stand in the bar itself, and "shortcut". */
    getAttribute(name: string): string | null;
}
export declare class Bar {
    #private;
    private readonly host;
    private readonly go;
    private readonly turn;
    readonly element: HTMLElement;
    /** `go` shows where someone points, `turn` turns a switch; it listens until `signal`. */
    constructor(host: BarHost, go: (user: number) => void, turn: (choice: Choice) => void, signal: AbortSignal);
    /** Without a count there is no bar. */
    show(people: ReadonlyMap<string, Person>, count: number | undefined): void;
    press(choice: Choice, on: boolean): void;
}
