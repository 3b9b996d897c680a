/** Keeps one open socket alive: sends heartbeats and notices silence and sleep (PROTOCOL.md, HEARTBEAT). */
import type { Environment } from "../lib/environment.js";
export interface HeartbeatEvents {
    /** Send a heartbeat now. */
    beat(): void;
    /** The socket is dead. */
    dead(): void;
}
export declare class Heartbeat {
    #private;
    private readonly environment;
    private readonly events;
    constructor(environment: Environment, events: HeartbeatEvents);
    start(): void;
    stop(): void;
    /** Any frame arrived. */
    received(): void;
    /**
     * The page is shown again: check the socket if it was silent. Silence alone does not condemn it, because a
     * browser slows down the timers of a hidden tab.
     */
    shown(): void;
    /** The network changed or the machine slept: send a heartbeat and wait only briefly for the answer. */
    check(): void;
}
