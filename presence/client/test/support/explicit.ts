/** The explicit dialect, which the script does not speak: here so that the golden vectors hold for both. */
import { COMMON, decode, type Readers } from "../../src/protocol/decode.js";
import { encode, type ClientMessage, type Dialect, type ServerMessage } from "../../src/protocol/protocol.js";

const EXPLICIT: Readers = {
  ...COMMON,
  0x02: (r) => ({ type: "CURSOR_BROADCAST", board: r.u16(), cursors: [r.cursor()] }),
  0x07: (r) => ({ type: "PRESENCE_UPDATE", board: r.u16(), count: r.u8() }),
};

/** As `encode`: a CURSOR_UPDATE with a board is the explicit dialect's. */
export function encodeIn(message: ClientMessage): ArrayBuffer {
  if (message.type !== "CURSOR_UPDATE" || message.board === undefined) return encode(message);
  const view = new DataView(new ArrayBuffer(7));
  view.setUint8(0, 0x01);
  [message.board, message.x, message.y].forEach((word, at) => view.setUint16(1 + 2 * at, word));
  return view.buffer;
}

/** As `decode`, in either dialect. */
export function decodeIn(frame: ArrayBuffer, dialect: Dialect): ServerMessage {
  return dialect === "explicit" ? decode(frame, EXPLICIT) : decode(frame);
}
