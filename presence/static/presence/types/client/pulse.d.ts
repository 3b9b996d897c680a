/** The sign of life of one open socket: heartbeats out, silence noticed (PROTOCOL.md, HEARTBEAT). */
import type { Environment } from "../lib/environment.js";
export interface PulseEvents {
    beat(): void;
    dead(): void;
}
export declare class Pulse {
    #private;
    private readonly environment;
    private readonly events;
    constructor(environment: Environment, events: PulseEvents);
    start(): void;
    stop(): void;
    /** Something arrived. */
    heard(): void;
    /**
     * The page is shown again: whether the socket lived through it is to be known soon. A hidden tab's
     * timers are slow, so its silence alone does not condemn it.
     */
    nudge(): void;
    /** The network went or came, or the machine slept: ask now, and wait no longer than for an answer. */
    doubt(): void;
}
