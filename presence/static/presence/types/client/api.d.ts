/** The client without any picture: for pages that draw by themselves. Defines no element. */
export { PresenceClient } from "./client.js";
export type { ClientEvents, ClientOptions, CursorMove, Self } from "./client.js";
export type { Status, StatusChange } from "./connection.js";
export type { Answer, Environment, Signal, Socket, SocketEvents } from "../lib/environment.js";
export { ACTIVE, AWAY, IDLE, OFF_BOARD } from "../protocol/protocol.js";
export type { ClientState, Color, Position, State } from "../protocol/protocol.js";
export type { Reason } from "../protocol/returning.js";
export type { Member } from "../protocol/roster.js";
export { TokenError, tokensFrom, type Token } from "./tokens.js";
