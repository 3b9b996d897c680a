/** The cursors of everyone else. */
import type { PresenceClient } from "../client/client.js";
import { type Canvas } from "./cursor.js";
import { type Position } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";
export declare class Cursors {
    #private;
    readonly element: HTMLDivElement;
    /** `appeared` is told when there is a cursor where there was none. */
    constructor(client: PresenceClient, appeared: () => void);
    /** Whether the visitor wants no motion. */
    get calm(): boolean;
    /** Everyone, anew. Whoever is there already keeps their cursor where it is. */
    replace(members: readonly Member[]): void;
    /** Draw attention to someone's cursor, and return the fraction of the surface where it is. */
    find(user: number): Position | undefined;
    /** Returns whether any has yet to arrive. */
    draw(canvas: Canvas | undefined, now: number): boolean;
}
