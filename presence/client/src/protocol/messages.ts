/** The messages of `presence.v1` (PROTOCOL.md, Messages). This client speaks the compact dialect only. */

/** The subprotocol that asks the server for the compact dialect. */
export const SUBPROTOCOL = "presence.v1";
/** The longest name on the wire, in bytes of UTF-8. */
export const NAME_BYTES = 96;
/** The user id of a spectator, who has none of its own. */
export const NO_USER = 255;

export const ACTIVE = 0;
export const OFF_BOARD = 1;
export const AWAY = 2;
export const IDLE = 3;

/** The states a client may report of itself: active, pointer off the board, tab hidden. */
export type ClientState = typeof ACTIVE | typeof OFF_BOARD | typeof AWAY;
/** The states a server reports of others; only the server decides who is idle. */
export type State = ClientState | typeof IDLE;
/** Red, green and blue: 0..255 each. */
export type Color = readonly [red: number, green: number, blue: number];
/** A point of an element of the page, as on the wire: the two halves of its id's hash, and 0..65535 each within its box. */
export type Anchor = readonly [high: number, low: number, x: number, y: number];
/** A point of the shared surface as on the wire: 0..65535 each; and the same point of an element, where it is on one. */
export interface Position {
  readonly x: number;
  readonly y: number;
  readonly anchor?: Anchor | undefined;
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

/** With an anchor it is an ANCHORED_UPDATE. */
export interface CursorUpdate extends Position {
  readonly type: "CURSOR_UPDATE";
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
  readonly cursors: readonly Cursor[];
}
/** The anchors of some cursors of the CURSOR_BROADCAST that follows. */
export interface Anchors {
  readonly type: "ANCHORS";
  readonly anchors: readonly (readonly [user: number, anchor: Anchor])[];
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
/** `interval` is the milliseconds between cursor updates; 0 = send none. */
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
/** Where the pictures of users are whom the next ROSTER or USER_JOINED tells. */
export interface Avatars {
  readonly type: "AVATARS";
  readonly avatars: readonly (readonly [user: number, url: string])[];
}
export interface States {
  readonly type: "STATE";
  readonly states: readonly UserState[];
}
/** `interval` is the milliseconds between cursor updates; 0 = send none. */
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
export type ServerMessage =
  | CursorBroadcast
  | Anchors
  | UserJoined
  | UserLeft
  | PresenceUpdate
  | Heartbeat
  | Welcome
  | RosterSnapshot
  | Avatars
  | States
  | Rate
  | Probe
  | Notice;
