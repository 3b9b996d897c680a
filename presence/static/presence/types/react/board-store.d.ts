/**
 * Stores what is known of each board, for React's useSyncExternalStore. All components of a page that show the same
 * board share one store and its one connection.
 */
import { type ClientOptions, type Status } from "../client/client.js";
import { type Color, type State } from "../protocol/messages.js";
/** Someone else on the board. */
export interface User {
    readonly user: number;
    readonly name: string;
    readonly color: Color;
    readonly state: State;
}
/** The cursor of someone active, in fractions 0..1 of the shared surface. */
export interface UserCursor extends Omit<User, "state"> {
    readonly x: number;
    readonly y: number;
}
/** What is known of a board. Each value is replaced when it changes, and never modified. */
export interface Snapshot {
    readonly cursors: readonly UserCursor[];
    readonly users: readonly User[];
    /** People, this one included. */
    readonly count: number;
    readonly status: Status;
}
export type SnapshotKey = keyof Snapshot;
export declare const EMPTY: Snapshot;
export declare class BoardStore {
    #private;
    private readonly unused;
    /** `unused` is called when the store has neither a user nor a listener any more. */
    constructor(unused: () => void);
    get snapshot(): Snapshot;
    /** Call `listener` after changes, once for all changes of a moment. Returns a function that stops it. */
    subscribe(listener: () => void): () => void;
    /** Stay connected until released. If several users give an option, the first one's holds. */
    use(options: ClientOptions): () => void;
    /** The pointer is at these fractions of the surface, or without them off the board. */
    sendCursor(x?: number, y?: number): void;
}
/** What identifies a store: a board, and its socket if that is elsewhere. */
export interface Place {
    readonly board: string;
    readonly url?: string | undefined;
}
/** The store of a place; undefined if no component uses it. */
export declare function existingStore(place: Place): BoardStore | undefined;
/** The store of a place, created if there is none. */
export declare function storeAt(place: Place): BoardStore;
