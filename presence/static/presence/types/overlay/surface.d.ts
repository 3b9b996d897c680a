/** Measures and scrolls the shared surface: an element's whole scrollable box, or the viewport. */
import type { Position } from "../protocol/messages.js";
import { type Box } from "./geometry.js";
export declare class Surface {
    #private;
    private readonly failed;
    /** `failed` is called if no element matches, in which case nothing can be shown. */
    constructor(failed: (error: Error) => void);
    /** Choose the surface by a CSS selector; undefined = the viewport. */
    select(selector: string | undefined): void;
    /** Call `changed` whenever the surface may have moved on the screen, until `unwatch`. */
    watch(changed: () => void): void;
    unwatch(): void;
    /** Where it is now, measured at most once per frame; undefined if no element matches. */
    box(now: number): Box | undefined;
    /** Scroll a fraction of the surface into view. A viewport that is the surface does not scroll. */
    reveal(fraction: Position, smooth: boolean): void;
    /** Measure again next time. */
    invalidate(): void;
}
