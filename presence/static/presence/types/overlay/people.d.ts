/** The people on a board, as their sessions show them. Pure. */
import { type Color } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";
/** Someone here: all sessions that share a name and a colour, which tabs of one person do. */
export interface Person {
    readonly name: string;
    readonly color: Color;
    /** This page's own visitor. */
    own: boolean;
    /** The session whose cursor is to be seen; undefined where none of theirs is. */
    pointing: number | undefined;
    /** None of their sessions is looked at. */
    away: boolean;
}
export interface Own {
    readonly name: string;
    readonly color: Color;
}
/** People by what tells them apart, in the order in which they came; this page's visitor first, if they have a name. */
export declare function groupPeople(members: readonly Member[], own: Own | undefined): Map<string, Person>;
/** One or two letters for a name: of its first and its last word, "AL" for Ada King Lovelace. */
export declare function initials(name: string): string;
