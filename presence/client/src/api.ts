/** The client without any picture: for pages that draw by themselves. Defines no element. */
export { PresenceClient } from "./client.js";
export type { ClientEvents, ClientOptions, CursorMove, Self } from "./client.js";
export type { Status, StatusChange } from "./connection.js";
export type { Answer, Environment, Signal, Socket, SocketEvents } from "./environment.js";
export { ACTIVE, AWAY, IDLE, OFF_BOARD } from "./protocol.js";
export type { ClientState, Color, Position, State } from "./protocol.js";
export type { Reason } from "./returning.js";
export type { Member } from "./roster.js";
export { TokenError, tokensFrom, type Token } from "./tokens.js";
