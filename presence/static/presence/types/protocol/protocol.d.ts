/**
 * The wire codec of `presence.v1` (PROTOCOL.md): what a client sends and what it hears.
 *
 * No socket, no clock, no DOM. Integers are unsigned and big-endian. The compact dialect is what
 * this client speaks; the types are those of both, for the tests hold the golden vectors of both.
 */
/** The subprotocol that asks the server for the compact dialect. */
export declare const SUBPROTOCOL = "presence.v1";
/** The longest name on the wire, in bytes of UTF-8. */
export declare const NAME_BYTES = 32;
/** The user id of a session without one: a spectator. */
export declare const NO_USER = 255;
export declare const ACTIVE = 0;
export declare const OFF_BOARD = 1;
export declare const AWAY = 2;
export declare const IDLE = 3;
/** What a client may say of itself: active, pointer off the board, tab hidden. */
export type ClientState = typeof ACTIVE | typeof OFF_BOARD | typeof AWAY;
/** What the server tells of others: also idle. */
export type State = ClientState | typeof IDLE;
export type Dialect = "compact" | "explicit";
/** Red, green, blue: 0..255 each. */
export type Color = readonly [red: number, green: number, blue: number];
/** A place on the shared surface on the wire: 0..65535 each. */
export interface Position {
    readonly x: number;
    readonly y: number;
}
export interface Cursor extends Position {
    readonly user: number;
}
export interface UserState {
    readonly user: number;
    readonly state: State;
}
export interface RosterEntry extends UserState {
    readonly name: string;
    readonly color: Color;
}
/** With a board it is the explicit dialect's (7 bytes), without one the compact one's (5). */
export interface CursorUpdate extends Position {
    readonly type: "CURSOR_UPDATE";
    readonly board?: number;
}
export interface Join {
    readonly type: "JOIN";
    readonly board: number;
    readonly name: string;
}
export interface Leave {
    readonly type: "LEAVE";
    readonly board: number;
}
export interface Heartbeat {
    readonly type: "HEARTBEAT";
}
export interface OwnState {
    readonly type: "STATE";
    readonly state: ClientState;
}
export interface Probe {
    readonly type: "PROBE";
    readonly seq: number;
}
export type ClientMessage = CursorUpdate | Join | Leave | Heartbeat | OwnState | Probe;
export interface CursorBroadcast {
    readonly type: "CURSOR_BROADCAST";
    readonly board?: number;
    readonly cursors: readonly Cursor[];
}
export interface UserJoined {
    readonly type: "USER_JOINED";
    readonly board: number;
    readonly user: number;
    readonly name: string;
    readonly color: Color;
}
export interface UserLeft {
    readonly type: "USER_LEFT";
    readonly board: number;
    readonly user: number;
}
export interface PresenceUpdate {
    readonly type: "PRESENCE_UPDATE";
    readonly board: number;
    readonly count: number;
}
/** `interval` is in milliseconds between cursor updates; 0 = send none. */
export interface Welcome {
    readonly type: "WELCOME";
    readonly board: number;
    readonly user: number;
    readonly color: Color;
    readonly interval: number;
    readonly spectator: boolean;
    readonly name_set: boolean;
}
export interface RosterSnapshot {
    readonly type: "ROSTER";
    readonly board: number;
    readonly users: readonly RosterEntry[];
}
export interface States {
    readonly type: "STATE";
    readonly states: readonly UserState[];
}
/** `interval` is in milliseconds between cursor updates; 0 = send none. */
export interface Rate {
    readonly type: "RATE";
    readonly interval: number;
}
/** `retry` is in milliseconds. */
export interface Notice {
    readonly type: "NOTICE";
    readonly code: number;
    readonly retry: number;
}
export type ServerMessage = CursorBroadcast | UserJoined | UserLeft | PresenceUpdate | Heartbeat | Welcome | RosterSnapshot | States | Rate | Probe | Notice;
/** The one thing `decode` throws: a frame that no server of this protocol sends. */
export declare class ProtocolError extends Error {
    readonly name = "ProtocolError";
}
/** Fraction 0..1 -> 0..65535; what lies outside is clamped (PROTOCOL.md, Identifiers: Coordinates). */
export declare function toWire(fraction: number): number;
/** 0..65535 -> fraction 0..1. */
export declare function fromWire(coordinate: number): number;
/** The payload of a client's message. A JOIN's name is cut to 32 bytes between two characters. */
export declare function encode(message: ClientMessage): ArrayBuffer;
