/**
 * Decides what this session sends about itself, and when (PROTOCOL.md, RATE and STATE). Pure: the time, in
 * milliseconds, is an argument.
 *
 * There is no queue, only the difference between the present and what was sent. So the latest position wins, nothing
 * is sent twice, and a new session sends everything again.
 */
import { type ClientState, type CursorUpdate, type OwnState, type Position } from "../protocol/messages.js";
export declare class Throttle {
    #private;
    /** A session began. The server takes it for active and knows no position. A spectator sends nothing. */
    start(interval: number, spectator: boolean): void;
    /** The session ended: send nothing until the next `start`. */
    stop(): void;
    /** Milliseconds the server asks between cursor updates; 0 = send none. */
    setInterval(interval: number): void;
    /** The pointer is at a position on the board. */
    move(position: Position): void;
    setState(state: ClientState): void;
    /** A session is away while its tab is hidden, whatever its pointer does. */
    setHidden(hidden: boolean): void;
    /** Take the message to send at `now`; undefined if there is none yet. */
    take(now: number): CursorUpdate | OwnState | undefined;
    /** Milliseconds until `take` has a message; undefined if nothing is left to send. */
    wait(now: number): number | undefined;
}
