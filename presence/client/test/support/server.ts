/** The other side of the codec, as a server has it: what it says as bytes, and what it takes. */
import type { ClientMessage, ClientState, Dialect, ServerMessage } from "../../src/protocol/protocol.js";

const u16 = (n: number): number[] => [n >> 8, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const text = (name: string): number[] => {
  const bytes = [...Buffer.from(name, "utf8")];
  return [bytes.length, ...bytes];
};

function count(people: number, dialect: Dialect): number[] {
  if (dialect === "explicit") return [Math.min(people, 255)];
  return people < 255 ? [people] : [255, ...u32(people)];
}

function bytes(message: ServerMessage, dialect: Dialect): number[] {
  switch (message.type) {
    case "CURSOR_BROADCAST": {
      const board = message.board === undefined ? [] : u16(message.board);
      return [2, ...board, ...message.cursors.flatMap(({ user, x, y }) => [user, ...u16(x), ...u16(y)])];
    }
    case "USER_JOINED":
      return [5, ...u16(message.board), message.user, ...text(message.name), ...message.color];
    case "USER_LEFT":
      return [6, ...u16(message.board), message.user];
    case "PRESENCE_UPDATE":
      return [7, ...u16(message.board), ...count(message.count, dialect)];
    case "HEARTBEAT":
      return [8];
    case "WELCOME": {
      const flags = Number(message.spectator) + 2 * Number(message.name_set);
      return [9, ...u16(message.board), message.user, ...message.color, ...u16(message.interval), flags];
    }
    case "ROSTER": {
      const users = message.users.flatMap((u) => [u.user, u.state, ...u.color, ...text(u.name)]);
      return [10, ...u16(message.board), message.users.length, ...users];
    }
    case "STATE":
      return [11, ...message.states.flatMap(({ user, state }) => [user, state])];
    case "RATE":
      return [12, ...u16(message.interval)];
    case "PROBE":
      return [13, message.seq];
    case "NOTICE":
      return [14, message.code, ...u16(message.retry)];
  }
}

export function encodeServer(message: ServerMessage, dialect: Dialect = "compact"): ArrayBuffer {
  return Uint8Array.from(bytes(message, dialect)).buffer;
}

function need(holds: boolean): void {
  if (!holds) throw new Error("malformed");
}

function join(frame: Buffer): ClientMessage {
  const length = frame.readUInt8(3);
  need(length <= 32 && frame.length === 4 + length);
  const name = new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(4));
  return { type: "JOIN", board: frame.readUInt16BE(1), name };
}

function cursor(frame: Buffer): ClientMessage {
  need(frame.length === 5 || frame.length === 7);
  const at = frame.length - 4;
  const [x, y] = [frame.readUInt16BE(at), frame.readUInt16BE(at + 2)];
  return at === 1
    ? { type: "CURSOR_UPDATE", x, y }
    : { type: "CURSOR_UPDATE", board: frame.readUInt16BE(1), x, y };
}

function small(frame: Buffer, dialect: Dialect): ClientMessage {
  need(dialect === "compact" && frame.length === 2);
  const byte = frame.readUInt8(1);
  if (frame[0] === 0x0d) return { type: "PROBE", seq: byte };
  need(byte <= 2);
  return { type: "STATE", state: byte as ClientState };
}

/** Throws on what a server refuses. */
export function decodeClient(data: ArrayBuffer, dialect: Dialect = "compact"): ClientMessage {
  const frame = Buffer.from(data);
  switch (frame[0]) {
    case 0x01:
      return cursor(frame);
    case 0x03:
      return join(frame);
    case 0x04:
      need(frame.length === 3);
      return { type: "LEAVE", board: frame.readUInt16BE(1) };
    case 0x08:
      need(frame.length === 1);
      return { type: "HEARTBEAT" };
    case 0x0b:
    case 0x0d:
      return small(frame, dialect);
    default:
      throw new Error("unknown type");
  }
}
