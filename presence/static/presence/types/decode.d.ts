/** Decoding of what the server says (PROTOCOL.md, Messages), in either dialect. */
import { type Dialect, type ServerMessage } from "./protocol.js";
/** The message in a server's frame. Throws ProtocolError where it is none, and nothing else. */
export declare function decode(frame: ArrayBuffer, dialect?: Dialect): ServerMessage;
