/** The shared surface on this page: an element's whole scrollable box, or the viewport. */
import { type Box } from "./geometry.js";
import type { Position } from "../protocol/protocol.js";
export declare class Surface {
    #private;
    private readonly failed;
    /** `failed` is told where there is no such element: nothing can be shown then. */
    constructor(failed: (error: Error) => void);
    /** Name the surface: a CSS selector; undefined = the viewport. */
    select(selector: string | undefined): void;
    /** Call `changed` whenever the surface may have moved on the screen, until `unwatch`. */
    watch(changed: () => void): void;
    unwatch(): void;
    /** Where it is now, measured at most once a frame; undefined where there is no such element. */
    box(now: number): Box | undefined;
    /** Scroll so that a fraction is seen, where it is not; the viewport has nothing to scroll. */
    reveal(fraction: Position, smooth: boolean): void;
    /** Measure anew next time. */
    forget(): void;
}
