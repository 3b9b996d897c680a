/** Who is on the board: a snapshot (ROSTER) and the changes after it (PROTOCOL.md, Messages and Cursors). Pure. */
import { type Color, type Cursor, type Position, type RosterEntry, type State } from "./messages.js";
/** Another session on the board. `position` is set if its cursor is to be shown. */
export interface Member {
    readonly user: number;
    readonly name: string;
    readonly color: Color;
    readonly state: State;
    readonly position: Position | undefined;
}
/** Everyone on the board except this session. */
export declare class Roster {
    #private;
    /** This session's name, once the server has sent it. */
    ownName: string | undefined;
    /** Everyone else, with or without a visible cursor. */
    get members(): Member[];
    /** Begin a new session as user `own`. Positions from before are outdated. */
    welcome(own: number): void;
    /**
     * Replace everyone by a snapshot. The server does not repeat cursors after a later snapshot, so a user id that
     * still belongs to the same person keeps its position.
     */
    replace(users: readonly RosterEntry[]): void;
    /** Someone joined, or joined again under another name. Returns undefined for this session. */
    join(user: number, name: string, color: Color): Member | undefined;
    /** Someone left. Returns undefined if nobody had this id. */
    leave(user: number): Member | undefined;
    /** Someone's state changed. Returns undefined if nobody has this id or the state is the same. */
    setState(user: number, state: State): Member | undefined;
    /** A cursor moved, which makes its user active. Returns undefined for this session and for unknown users. */
    move({ user, x, y }: Cursor): Member | undefined;
    /** Returns undefined if nobody has this id. */
    find(user: number): Member | undefined;
}
