/** One session on one board without any picture of it: for pages that draw by themselves. */
import { type StatusChange } from "./connection.js";
import { type Environment } from "../lib/environment.js";
import { type ClientState, type Color, type State } from "../protocol/protocol.js";
import { type Member } from "../protocol/roster.js";
import { type Token } from "./tokens.js";
export interface ClientOptions {
    /** The board's UUID; its socket is then `/ws/presence/<board>/` on the page's own host. */
    readonly board?: string | undefined;
    /** The socket, where it is elsewhere: a path or a whole URL, `wss://host/ws/presence/<board>/`. */
    readonly url?: string | undefined;
    /** For pages of another origin: a signed token, or what gives one for each connection. */
    readonly token?: Token | undefined;
    /** For pages of another origin: the site's view that gives tokens. It comes before `token`. */
    readonly tokenUrl?: string | undefined;
    /** A guest's name; the server normalises it. Without one it gives one. */
    readonly name?: string | undefined;
    /** The browser's own unless given. */
    readonly environment?: Environment | undefined;
}
/** Someone else's cursor: fractions 0..1 of the shared surface. */
export interface CursorMove {
    readonly user: number;
    readonly x: number;
    readonly y: number;
}
/** This session itself; `name` is undefined where only the server knows it. */
export interface Self {
    readonly user: number;
    readonly color: Color;
    readonly name: string | undefined;
    readonly spectator: boolean;
}
export interface ClientEvents {
    /** Where the connection stands. */
    status: StatusChange;
    /** How many people are here. */
    count: number;
    /** Everyone else, anew: it replaces what `joined` and `left` have told. */
    roster: readonly Member[];
    /** Someone came, or goes by another name now. */
    joined: Member;
    left: Member;
    state: {
        readonly user: number;
        readonly state: State;
    };
    cursor: CursorMove;
    /** This session was welcomed, or has learnt its name. */
    self: Self;
    /** Nothing is ever thrown at the page: what went wrong comes here. */
    error: Error;
}
/**
 * The socket's URL: `endpoint` may be a path or a whole URL, of HTTP or WebSocket. Throws TypeError
 * where it is no URL.
 */
export declare function socketUrl(endpoint: string, page: string): string;
export declare class PresenceClient {
    #private;
    constructor(options: ClientOptions);
    /** Everyone else on the board. */
    get members(): readonly Member[];
    /** This session itself, once welcomed. */
    get self(): Self | undefined;
    /** Milliseconds the server asks between cursor updates, hence about how often others' arrive; 0 = unknown. */
    get pace(): number;
    /** Listen to an event; returns what ends it. */
    on<Name extends keyof ClientEvents>(name: Name, listener: (detail: ClientEvents[Name]) => void): () => void;
    /** Join the board, and stay on it until `destroy`. Also after a refusal, to try once more. */
    connect(): void;
    /** Leave the board; no timer, socket or listener is left. */
    destroy(): void;
    /** The pointer is at this fraction, 0..1 each, of the shared surface. */
    moveTo(fx: number, fy: number): void;
    /** The pointer is off the board, or on it again. A hidden tab is noticed without this. */
    setState(state: ClientState): void;
}
