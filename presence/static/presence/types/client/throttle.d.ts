/**
 * What this session has to say of itself, and when it may (PROTOCOL.md, RATE and STATE). Pure: the
 * time, in milliseconds, is an argument.
 *
 * There is no queue: only the difference between what holds now and what the server has been told.
 * So the latest position always wins, nothing is said twice, and a reconnect says it all again.
 */
import { type ClientState, type CursorUpdate, type OwnState, type Position } from "../protocol/protocol.js";
export declare class Throttle {
    #private;
    /** A session begins, told nothing yet and held to be active. A spectator is never heard. */
    welcome(interval: number, spectator: boolean): void;
    /** The session is over: say nothing until the next `welcome`. */
    silence(): void;
    /** The server asks for `interval` milliseconds between cursor updates; 0 = none. */
    pace(interval: number): void;
    /** The pointer is at a position on the board. */
    move(position: Position): void;
    /** The pointer's state, as the page sees it. */
    restate(state: ClientState): void;
    /** While the tab is hidden its session is away, whatever the pointer does. */
    hide(hidden: boolean): void;
    /** The message to send at `now`, taken as sent; undefined where there is none, or not yet. */
    take(now: number): CursorUpdate | OwnState | undefined;
    /** Milliseconds until `take` has something; undefined where it has nothing at all. */
    wait(now: number): number | undefined;
}
