/**
 * Keeps one socket to one board alive (PROTOCOL.md: Transport, HEARTBEAT, Bad input).
 *
 * A connection is in one of four phases, and each uses the one timer for its own purpose: connecting (limit until
 * WELCOME), open (when it counts as stable), waiting (when to connect again), closed (unused).
 */
import type { Environment } from "../lib/environment.js";
import { type ClientMessage, type ServerMessage } from "../protocol/messages.js";
import { type Reason } from "../protocol/reconnect.js";
import { type Token } from "./tokens.js";
export type Status = "connecting" | "open" | "waiting" | "closed";
export interface StatusChange {
    readonly status: Status;
    /** Why it is waiting or closed; undefined if it is connecting or open. */
    readonly reason: Reason | undefined;
}
export interface ConnectionEvents {
    message(message: ServerMessage): void;
    status(change: StatusChange): void;
    error(error: Error): void;
}
/** The URL of a socket. `endpoint` is a path or a URL of HTTP or WebSocket. Throws TypeError if it is neither. */
export declare function socketUrl(endpoint: string, page: string): string;
/** The path of a board's socket on the page's own host, written as the server writes it. */
export declare function boardPath(board: string): string;
export declare class Connection {
    #private;
    private readonly url;
    private readonly name;
    private readonly environment;
    private readonly events;
    private readonly token?;
    /**
     * `url` throws if it is not a URL. The JOIN offers `name`; if it is empty, the server chooses a name. A `token`
     * function is called for each connection; without a token the server identifies people by their cookies.
     */
    constructor(url: () => string, name: string, environment: Environment, events: ConnectionEvents, token?: Token | undefined);
    /** Whether earlier frames have not left yet, so that new ones should wait. */
    get congested(): boolean;
    /** Connect, and connect again as the reconnect policy allows, until `close`. */
    open(): void;
    /**
     * No socket, timer or listener remains. The session leaves the board, unless it `returns`: then the server keeps
     * it for a moment, in which this person's next session goes on as the same user (PROTOCOL.md, Leaving).
     */
    close(returns?: boolean): void;
    /** Does nothing unless a socket is open. */
    send(message: ClientMessage): void;
}
