/** Decoding of what the server says (PROTOCOL.md, Messages), in the dialect that is spoken here. */
import {
  NAME_BYTES,
  ProtocolError,
  type Color,
  type Cursor,
  type RosterEntry,
  type ServerMessage,
  type State,
  type UserState,
} from "./protocol.js";

// ignoreBOM keeps a name's leading U+FEFF instead of dropping it: bytes and text stay one to one.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Walks over a frame. Reading past the end throws the RangeError of DataView. */
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

  u32(): number {
    return this.view.getUint32(this.#skip(4));
  }

  color(): Color {
    return [this.u8(), this.u8(), this.u8()];
  }

  name(): string {
    const length = this.u8();
    ensure(length > 0 && length <= NAME_BYTES && length <= this.left);
    return utf8.decode(new Uint8Array(this.view.buffer, this.#skip(length), length));
  }

  state(): State {
    const state = this.u8();
    ensure(state <= 3);
    return state as State;
  }

  cursor(): Cursor {
    return { user: this.u8(), x: this.u16(), y: this.u16() };
  }

  userState(): UserState {
    return { user: this.u8(), state: this.state() };
  }

  entry(): RosterEntry {
    const { user, state } = this.userState();
    return { user, state, color: this.color(), name: this.name() };
  }

  /** One item or more, up to the end of the frame. */
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

function ensure(holds: boolean): void {
  if (!holds) throw new RangeError("out of range");
}

function count(reader: Reader): number {
  const short = reader.u8();
  if (short < 255) return short;
  const wide = reader.u32();
  ensure(wide >= 255);
  return wide;
}

function roster(reader: Reader): RosterEntry[] {
  return Array.from({ length: reader.u8() }, () => reader.entry());
}

type Read = (reader: Reader) => ServerMessage;
/** How each type of message is read. */
export type Readers = Readonly<Record<number, Read>>;

/** What both dialects have. */
export const COMMON: Readers = {
  0x05: (r) => ({ type: "USER_JOINED", board: r.u16(), user: r.u8(), name: r.name(), color: r.color() }),
  0x06: (r) => ({ type: "USER_LEFT", board: r.u16(), user: r.u8() }),
  0x08: () => ({ type: "HEARTBEAT" }),
};

const COMPACT: Readers = {
  ...COMMON,
  0x02: (r) => ({ type: "CURSOR_BROADCAST", cursors: r.rest(() => r.cursor()) }),
  0x07: (r) => ({ type: "PRESENCE_UPDATE", board: r.u16(), count: count(r) }),
  0x09: welcome,
  0x0a: (r) => ({ type: "ROSTER", board: r.u16(), users: roster(r) }),
  0x0b: (r) => ({ type: "STATE", states: r.rest(() => r.userState()) }),
  0x0c: (r) => ({ type: "RATE", interval: r.u16() }),
  0x0d: (r) => ({ type: "PROBE", seq: r.u8() }),
  0x0e: (r) => ({ type: "NOTICE", code: r.u8(), retry: r.u16() }),
};

function welcome(r: Reader): ServerMessage {
  const [board, user, color, interval, flags] = [r.u16(), r.u8(), r.color(), r.u16(), r.u8()];
  const [spectator, name_set] = [(flags & 1) !== 0, (flags & 2) !== 0];
  return { type: "WELCOME", board, user, color, interval, spectator, name_set };
}

function read(view: DataView, readers: Readers): ServerMessage {
  const reader = new Reader(view);
  const message = readers[view.getUint8(0)]?.(reader);
  if (!message || reader.left !== 0) throw new RangeError("unknown type or wrong length");
  return message;
}

/** The message in a server's frame. Throws ProtocolError where it is none, and nothing else. */
export function decode(frame: ArrayBuffer, readers = COMPACT): ServerMessage {
  try {
    return read(new DataView(frame), readers);
  } catch (cause) {
    const type = new Uint8Array(frame)[0] ?? "none";
    throw new ProtocolError(`malformed server frame: type ${type}, ${frame.byteLength} bytes`, { cause });
  }
}
