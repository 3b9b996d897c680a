/** The wire codec of `presence.v1` (PROTOCOL.md, Messages). Pure. Integers are unsigned and big-endian. */
import {
  NAME_BYTES,
  type ClientMessage,
  type Color,
  type Cursor,
  type RosterEntry,
  type ServerMessage,
  type State,
  type UserState,
} from "./messages.js";

/** `decode` throws this and nothing else. */
export class ProtocolError extends Error {}

/** Encode a fraction 0..1 as 0..65535, clamping what lies outside (PROTOCOL.md, Identifiers: Coordinates). */
export function toWire(fraction: number): number {
  return Math.max(0, Math.min(Math.floor(fraction * 65535), 65535));
}

/** Decode 0..65535 as a fraction 0..1. */
export function fromWire(coordinate: number): number {
  return coordinate / 65535;
}

const u16 = (value: number): number[] => [value >> 8, value & 255];

function bytesOf(message: ClientMessage): number[] {
  switch (message.type) {
    case "CURSOR_UPDATE":
      return [message.anchor ? 0x0f : 0x01, ...[message.x, message.y, ...(message.anchor ?? [])].flatMap(u16)];
    case "JOIN": {
      const name = new TextEncoder().encode(message.name);
      return [0x03, ...u16(message.board), name.length, ...name];
    }
    case "LEAVE":
      return [0x04, ...u16(message.board)];
    case "HEARTBEAT":
      return [0x08];
    case "STATE":
      return [0x0b, message.state];
    case "PROBE":
      return [0x0d, message.seq];
  }
}

/** Encode a client's message as one frame. The name of a JOIN must fit (`fitName`). */
export function encode(message: ClientMessage): ArrayBuffer {
  return Uint8Array.from(bytesOf(message)).buffer;
}

// ignoreBOM keeps a leading U+FEFF, so that bytes and text convert one to one.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the fields of a frame in order. DataView throws RangeError beyond the end. */
class Reader {
  #at = 1;

  constructor(private readonly view: DataView) {}

  get left(): number {
    return this.view.byteLength - this.#at;
  }

  u8(): number {
    return this.view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.view.getUint16(this.#skip(2));
  }

  color(): Color {
    return [this.u8(), this.u8(), this.u8()];
  }

  text(most: number): string {
    const length = this.u8();
    ensure(length > 0 && length <= most);
    return utf8.decode(new Uint8Array(this.view.buffer, this.#skip(length), length));
  }

  cursor(): Cursor {
    return { user: this.u8(), x: this.u16(), y: this.u16() };
  }

  userState(): UserState {
    const [user, state] = [this.u8(), this.u8()];
    ensure(state <= 3);
    return { user, state: state as State };
  }

  entry(): RosterEntry {
    return { ...this.userState(), color: this.color(), name: this.text(NAME_BYTES) };
  }

  /** A count below 255 is one byte; a larger one follows the byte 255 as four bytes. */
  count(): number {
    const short = this.u8();
    if (short < 255) return short;
    const wide = this.view.getUint32(this.#skip(4));
    ensure(wide >= 255);
    return wide;
  }

  /** One or more items, up to the end of the frame. */
  rest<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.left > 0) items.push(read());
    return items;
  }

  #skip(bytes: number): number {
    this.#at += bytes;
    return this.#at - bytes;
  }
}

function ensure(holds: boolean): asserts holds {
  if (!holds) throw new RangeError("out of range");
}

const READERS: Readonly<Record<number, (r: Reader) => ServerMessage>> = {
  0x02: (r) => ({ type: "CURSOR_BROADCAST", cursors: r.rest(() => r.cursor()) }),
  0x05: (r) => ({ type: "USER_JOINED", board: r.u16(), user: r.u8(), name: r.text(NAME_BYTES), color: r.color() }),
  0x06: (r) => ({ type: "USER_LEFT", board: r.u16(), user: r.u8() }),
  0x07: (r) => ({ type: "PRESENCE_UPDATE", board: r.u16(), count: r.count() }),
  0x08: () => ({ type: "HEARTBEAT" }),
  0x09: (r) => {
    const [board, user, color, interval, flags] = [r.u16(), r.u8(), r.color(), r.u16(), r.u8()];
    return { type: "WELCOME", board, user, color, interval, spectator: !!(flags & 1), name_set: !!(flags & 2) };
  },
  0x0a: (r) => ({ type: "ROSTER", board: r.u16(), users: Array.from({ length: r.u8() }, () => r.entry()) }),
  0x0b: (r) => ({ type: "STATE", states: r.rest(() => r.userState()) }),
  0x0c: (r) => ({ type: "RATE", interval: r.u16() }),
  0x0d: (r) => ({ type: "PROBE", seq: r.u8() }),
  0x0e: (r) => ({ type: "NOTICE", code: r.u8(), retry: r.u16() }),
  0x11: (r) => ({ type: "AVATARS", avatars: r.rest(() => [r.u8(), r.text(255)]) }),
  0x10: (r) => ({ type: "ANCHORS", anchors: r.rest(() => [r.u8(), [r.u16(), r.u16(), r.u16(), r.u16()]]) }),
};

/** Decode a server's frame. Throws ProtocolError if it is malformed. */
export function decode(frame: ArrayBuffer): ServerMessage {
  const view = new DataView(frame);
  try {
    const reader = new Reader(view);
    const message = READERS[view.getUint8(0)]?.(reader);
    ensure(message !== undefined && reader.left === 0);
    return message;
  } catch (cause) {
    const type = frame.byteLength > 0 ? view.getUint8(0) : "none";
    throw new ProtocolError(`malformed server frame: type ${type}, ${frame.byteLength} bytes`, { cause });
  }
}
