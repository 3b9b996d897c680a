import { type ClientState } from "./protocol.js";
import type { Surface } from "./surface.js";
export interface PointerSink {
    moveTo(fx: number, fy: number): void;
    setState(state: ClientState): void;
}
export declare class Pointer {
    #private;
    private readonly surface;
    private readonly sink;
    private readonly safely;
    /** `safely` runs every listener: nothing it throws may reach the page. */
    constructor(surface: Surface, sink: PointerSink, safely: (run: () => void) => void);
    listen(): void;
    unlisten(): void;
    /** Look again what lies under the pointer: the surface has moved. */
    refresh(): void;
}
