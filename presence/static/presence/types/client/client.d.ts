import { type Environment } from "../lib/environment.js";
import type { ClientState, Color, State } from "../protocol/messages.js";
import { type Member } from "../protocol/roster.js";
import { type StatusChange } from "./connection.js";
import { type Token } from "./tokens.js";
export type { Answer, Environment, Signal, Socket, SocketEvents } from "../lib/environment.js";
export { ACTIVE, AWAY, IDLE, OFF_BOARD } from "../protocol/messages.js";
export type { ClientState, Color, Position, State } from "../protocol/messages.js";
export type { Reason } from "../protocol/reconnect.js";
export type { Member } from "../protocol/roster.js";
export type { Status, StatusChange } from "./connection.js";
export { TokenError, tokensFrom, type Token } from "./tokens.js";
export interface ClientOptions {
    /** The board's reference: a UUID, `blog.post:42` or a name. Its socket is `/ws/presence/<board>/` on the page's own host. */
    readonly board?: string | undefined;
    /** The socket if it is elsewhere: a path or a whole URL, `wss://host/ws/presence/<board>/`. */
    readonly url?: string | undefined;
    /** For pages of another origin: a signed token, or a function that returns one for each connection. */
    readonly token?: Token | undefined;
    /** For pages of another origin: the URL of the site's token view. Overrides `token`. */
    readonly tokenUrl?: string | undefined;
    /** A guest's name, which the server normalises. The server names a guest without one. */
    readonly name?: string | undefined;
    /** Defaults to the browser. */
    readonly environment?: Environment | undefined;
}
/** Someone else's cursor, in fractions 0..1 of the shared surface. */
export interface CursorMove {
    readonly user: number;
    readonly x: number;
    readonly y: number;
}
/** This session. `name` is undefined until the server has sent a name that it chose. */
export interface Self {
    readonly user: number;
    readonly color: Color;
    readonly name: string | undefined;
    readonly spectator: boolean;
}
export interface ClientEvents {
    status: StatusChange;
    /** The number of people here. */
    count: number;
    /** Everyone else. Replaces what `joined` and `left` have reported. */
    roster: readonly Member[];
    /** Someone joined, or has another name now. */
    joined: Member;
    left: Member;
    state: {
        readonly user: number;
        readonly state: State;
    };
    cursor: CursorMove;
    /** The server welcomed this session, or sent its name. */
    self: Self;
    /** Every error. None is thrown at the page. */
    error: Error;
}
export declare class PresenceClient {
    #private;
    constructor({ board, url, name, token, tokenUrl, environment }: ClientOptions);
    /** Everyone else on the board. */
    get members(): readonly Member[];
    /** This session, once the server has welcomed it. */
    get self(): Self | undefined;
    /** Milliseconds between cursor updates that the server asks of everyone; 0 = unknown. */
    get pace(): number;
    /** Listen to an event. Returns a function that stops the listening. */
    on<Name extends keyof ClientEvents>(name: Name, listener: (detail: ClientEvents[Name]) => void): () => void;
    /** Join the board and stay on it until `destroy`. After a refusal this tries once more. */
    connect(): void;
    /**
     * Leave the board; no timer, socket or listener remains. With `returns`, another client of this person takes over:
     * the others see no leave and no join if it connects within the server's `RELOAD_GRACE`.
     */
    destroy({ returns }?: {
        readonly returns?: boolean;
    }): void;
    /** The pointer is at these fractions, 0..1 each, of the shared surface. */
    moveTo(fx: number, fy: number): void;
    /** The pointer left the board or came back. The client notices a hidden tab by itself. */
    setState(state: ClientState): void;
}
