import { type ClientState } from "../protocol/protocol.js";
import type { Surface } from "./surface.js";
export interface PointerSink {
    /** Milliseconds between two updates, 0 where unknown. */
    readonly pace: number;
    moveTo(fx: number, fy: number): void;
    setState(state: ClientState): void;
}
export declare class Pointer {
    #private;
    private readonly surface;
    private readonly sink;
    private readonly host;
    private readonly signal;
    /** `host` runs every listener, until `signal`: nothing it throws may reach the page. */
    constructor(surface: Surface, sink: PointerSink, host: {
        safely(run: () => void): void;
    }, signal: AbortSignal);
    listen(): void;
    /** Say nothing by itself any more. */
    rest(): void;
    /** Look again what lies under the pointer: the surface has moved. */
    refresh(): void;
    /** Tell nobody where the pointer is, or again where it moves. */
    hide(unseen: boolean): void;
}
