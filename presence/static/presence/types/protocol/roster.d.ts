/** Who is on the board: a snapshot (ROSTER), then diffs (PROTOCOL.md, Messages and Cursors). */
import { type Color, type Cursor, type Position, type RosterEntry, type State } from "./protocol.js";
/** One other session on the board. `position` is set where its cursor is to be shown. */
export interface Member {
    readonly user: number;
    readonly name: string;
    readonly color: Color;
    readonly state: State;
    readonly position: Position | undefined;
}
/** Everyone on the board but this session itself. */
export declare class Roster {
    #private;
    /** This session's name where the server has told it. */
    ownName: string | undefined;
    /** Everyone else, those without a visible cursor included. */
    get members(): Member[];
    /** A new session under user id `own`: no position from before the gap holds any more. */
    welcome(own: number): void;
    /**
     * Take a snapshot, which replaces everything known. The server need not repeat the cursors after
     * a second snapshot, so whoever is still the same person keeps theirs.
     */
    replace(users: readonly RosterEntry[]): void;
    /** Someone came, or came back under another name. Undefined where it is this session itself. */
    join(user: number, name: string, color: Color): Member | undefined;
    /** Someone left. Undefined where nobody had this id. */
    leave(user: number): Member | undefined;
    /** Someone's state changed. Undefined where nobody has this id, or it was so already. */
    restate(user: number, state: State): Member | undefined;
    /** Someone's cursor moved, which makes them active. Undefined where nobody known can be shown. */
    move({ user, x, y }: Cursor): Member | undefined;
    /** Undefined where nobody known has this id. */
    find(user: number): Member | undefined;
}
