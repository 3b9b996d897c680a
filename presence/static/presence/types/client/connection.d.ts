import type { Environment } from "../lib/environment.js";
import { type ClientMessage, type ServerMessage } from "../protocol/protocol.js";
import { type Reason } from "../protocol/returning.js";
import { type Token } from "./tokens.js";
export type Status = "connecting" | "open" | "waiting" | "closed";
export interface StatusChange {
    readonly status: Status;
    /** Why it waits or is closed; undefined in the other two. */
    readonly reason: Reason | undefined;
}
export interface ConnectionEvents {
    message(message: ServerMessage): void;
    status(change: StatusChange): void;
    error(error: Error): void;
}
export declare class Connection {
    #private;
    private readonly url;
    private readonly name;
    private readonly environment;
    private readonly events;
    private readonly token?;
    /**
     * `url` throws where it is no URL. `name` is offered in the JOIN: a guest's; empty = the server gives
     * one. `token` is asked anew for each connection; undefined = who comes is known by cookies.
     */
    constructor(url: () => string, name: string, environment: Environment, events: ConnectionEvents, token?: Token | undefined);
    /** Whether frames are to be held back because earlier ones have not left yet. */
    get congested(): boolean;
    /** Connect, and come back whenever that makes sense, until `close`. */
    open(): void;
    /** Leave the board at once; nothing of the connection is left behind. */
    close(): void;
    /** Nothing is sent where no socket is open. */
    send(message: ClientMessage): void;
}
