/** The picture of a board's people over the page: their cursors and how many they are. */
import type { CursorMove } from "./client.js";
import type { Status } from "./connection.js";
import { type State } from "./protocol.js";
import type { Member } from "./roster.js";
import type { Surface } from "./surface.js";
/** "1 person here", "2 people here". */
export declare function countText(count: number): string;
export declare class Overlay {
    #private;
    private readonly surface;
    private readonly safely;
    /** `safely` runs every animation frame: nothing it throws may reach the page. */
    constructor(root: ShadowRoot, surface: Surface, safely: (run: () => void) => void);
    /** Everyone, anew. Whoever is there already keeps their cursor where it is. */
    replace(members: readonly Member[]): void;
    add(member: Member): void;
    remove(user: number): void;
    /** `pace` is the milliseconds between two moves, 0 where unknown. */
    move({ user, x, y }: CursorMove, pace: number): void;
    restate(user: number, state: State): void;
    tell(count: number): void;
    /** Say whom the others see here; an empty name says nothing. */
    introduce(name: string): void;
    /** What a closed connection knew is not shown any longer; a waiting one's fades (see the style). */
    show(status: Status): void;
    /** Draw in the next frame: someone or the surface has moved. */
    refresh(): void;
    destroy(): void;
}
