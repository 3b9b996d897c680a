/** The picture of one other person's cursor: an arrow and a name. */
import { type Box } from "./geometry.js";
import type { Position } from "./protocol.js";
import type { Member } from "./roster.js";
export declare class CursorView {
    #private;
    readonly element: HTMLDivElement;
    constructor(member: Member);
    /** Its name and colour, also when they change. */
    introduce({ name, color }: Member): void;
    /** Head for a fraction of the surface. What was not to be seen appears there at once. */
    move(fraction: Position, now: number, pace: number, snap: boolean): void;
    /** Whether its person is active. */
    activate(active: boolean): void;
    /**
     * Put it where it is at `now`; `origin` is the layer's corner on the screen. Writes only to the DOM.
     * Returns whether it has yet to arrive.
     */
    draw(box: Box | undefined, origin: Position, now: number): boolean;
}
