/** The explicit dialect, which the script does not speak: here so that the golden vectors hold for both. */
import { COMMON, decode, type Readers } from "../src/decode.js";
import type { Dialect, ServerMessage } from "../src/protocol.js";

const EXPLICIT: Readers = {
  ...COMMON,
  0x02: (r) => ({ type: "CURSOR_BROADCAST", board: r.u16(), cursors: [r.cursor()] }),
  0x07: (r) => ({ type: "PRESENCE_UPDATE", board: r.u16(), count: r.u8() }),
};

/** As `decode`, in either dialect. */
export function decodeIn(frame: ArrayBuffer, dialect: Dialect): ServerMessage {
  return dialect === "explicit" ? decode(frame, EXPLICIT) : decode(frame);
}
