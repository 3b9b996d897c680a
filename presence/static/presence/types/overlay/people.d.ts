/** Groups sessions into people. Pure. */
import { type Color } from "../protocol/messages.js";
import type { Member } from "../protocol/roster.js";
/** One person: all sessions with the same name and colour, as the tabs of one person have. */
export interface Person {
    readonly name: string;
    readonly color: Color;
    /** Whether this is the page's own visitor. */
    own: boolean;
    /** The session whose cursor is visible; undefined if none is. */
    pointing: number | undefined;
    /** Whether every session is away or idle. */
    away: boolean;
}
export interface Own {
    readonly name: string;
    readonly color: Color;
}
/** People by a key, in the order in which they joined; first the page's visitor, if they have a name. */
export declare function groupPeople(members: readonly Member[], own: Own | undefined): Map<string, Person>;
/** The first letters of a name's first and last word: "AL" for Ada King Lovelace. */
export declare function initials(name: string): string;
