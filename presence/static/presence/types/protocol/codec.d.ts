/** The wire codec of `presence.v1` (PROTOCOL.md, Messages). Pure. Integers are unsigned and big-endian. */
import { type ClientMessage, type ServerMessage } from "./messages.js";
/** `decode` throws this and nothing else. */
export declare class ProtocolError extends Error {
    readonly name = "ProtocolError";
}
/** Encode a fraction 0..1 as 0..65535, clamping what lies outside (PROTOCOL.md, Identifiers: Coordinates). */
export declare function toWire(fraction: number): number;
/** Decode 0..65535 as a fraction 0..1. */
export declare function fromWire(coordinate: number): number;
/** Encode a client's message as one frame. A JOIN's name is cut to 32 bytes, never inside a character. */
export declare function encode(message: ClientMessage): ArrayBuffer;
/** Decode a server's frame. Throws ProtocolError if it is malformed. */
export declare function decode(frame: ArrayBuffer): ServerMessage;
