import type { ClientState, CursorUpdate, OwnState, Position } from "../protocol/messages.js";
export declare class Throttle {
    #private;
    /** A session began. The server takes it for active and knows no position. A spectator sends nothing. */
    start(interval: number, spectator: boolean): void;
    /** The session ended: send nothing until the next `start`. */
    stop(): void;
    /** Change the milliseconds between cursor updates; 0 = send none. */
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
