/** Reports this person's mouse, pen or finger on the surface to the client. */
import { type ClientState } from "../protocol/messages.js";
import type { Surface } from "./surface.js";
export interface PointerSink {
    /** Milliseconds between two updates; 0 = unknown. */
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
    /** `host` runs each listener, so that no error reaches the page. Listens until `signal` aborts. */
    constructor(surface: Surface, sink: PointerSink, host: {
        safely(run: () => void): void;
    }, signal: AbortSignal);
    listen(): void;
    /** Cancel the timer of a lifted finger. */
    stop(): void;
    /** The surface moved: report again what lies under the pointer. */
    refresh(): void;
    /** While unseen, report no position. */
    setUnseen(unseen: boolean): void;
}
