/**
 * One connection for all components of a page that look at the same board, and what it knows as
 * values that change only by being replaced.
 */
import { type ClientOptions } from "../client/client.js";
import type { Status } from "../client/connection.js";
import { type Color, type State } from "../protocol/protocol.js";
/** Someone else on the board. */
export interface User {
    readonly user: number;
    readonly name: string;
    readonly color: Color;
    readonly state: State;
}
/** The cursor of someone who is active: fractions 0..1 of the shared surface. */
export interface UserCursor extends Omit<User, "state"> {
    readonly x: number;
    readonly y: number;
}
/** What is known of a board; each part stays the same value until it changes. */
export interface Snapshot {
    readonly cursors: readonly UserCursor[];
    readonly users: readonly User[];
    /** People, this one included. */
    readonly count: number;
    readonly status: Status;
}
export type Topic = keyof Snapshot;
export declare const NOTHING: Snapshot;
export declare class SharedBoard {
    #private;
    private readonly unused;
    /** `unused` is told when nobody holds it or listens any more. */
    constructor(unused: () => void);
    get snapshot(): Snapshot;
    /** Be told after something has changed; several changes of one moment are one. */
    subscribe(listener: () => void): () => void;
    /** Stay connected until released. Of several holders' options the first that are given hold. */
    hold(options: ClientOptions): () => void;
    /** The pointer is at this fraction of the surface; without one it is off the board. */
    send(x?: number, y?: number): void;
}
export interface Place {
    readonly board: string;
    /** Where the socket is elsewhere. */
    readonly url?: string | undefined;
}
/** The board that all on this page share who look at this place. */
export declare function boardAt(place: Place): SharedBoard;
/** Say where the pointer is, if anybody is connected there. */
export declare function sendTo(place: Place, x?: number, y?: number): void;
/** What is known of a place now, whether anybody looks at it or not. */
export declare function snapshotOf(place: Place): Snapshot;
