/** The server's side of the codec, and what a server says after a JOIN. */
import { ACTIVE, AWAY, type ClientMessage, type ClientState, type RosterEntry, type ServerMessage } from "../../src/protocol/messages.js";

export const BOARD = 1234;
export const ADA: RosterEntry = { user: 1, name: "Ada", state: ACTIVE, color: [1, 2, 3] };
export const BOB: RosterEntry = { user: 2, name: "Bob", state: AWAY, color: [4, 5, 6] };

interface Welcome {
  readonly user?: number;
  readonly interval?: number;
  readonly spectator?: boolean;
  readonly nameSet?: boolean;
  readonly users?: readonly RosterEntry[];
  readonly count?: number;
}

export function welcome(options: Welcome = {}): ServerMessage[] {
  const { user = 0, interval = 33, spectator = false, nameSet = false, users = [], count = 1 } = options;
  return [
    { type: "WELCOME", board: BOARD, user, color: [194, 24, 91], interval, spectator, name_set: nameSet },
    { type: "ROSTER", board: BOARD, users },
    { type: "PRESENCE_UPDATE", board: BOARD, count },
  ];
}

const u16 = (n: number): number[] => [n >> 8, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const text = (name: string): number[] => [Buffer.byteLength(name), ...Buffer.from(name)];

function bytes(message: ServerMessage): number[] {
  switch (message.type) {
    case "CURSOR_BROADCAST":
      return [2, ...message.cursors.flatMap(({ user, x, y }) => [user, ...u16(x), ...u16(y)])];
    case "USER_JOINED":
      return [5, ...u16(message.board), message.user, ...text(message.name), ...message.color];
    case "USER_LEFT":
      return [6, ...u16(message.board), message.user];
    case "PRESENCE_UPDATE":
      return [7, ...u16(message.board), ...(message.count < 255 ? [message.count] : [255, ...u32(message.count)])];
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

export function encodeServer(message: ServerMessage): ArrayBuffer {
  return Uint8Array.from(bytes(message)).buffer;
}

/** Throws if a server would refuse the frame. */
export function decodeClient(data: ArrayBuffer): ClientMessage {
  const frame = Buffer.from(data);
  const need = (holds: boolean) => {
    if (!holds) throw new Error("malformed");
  };
  switch (frame[0]) {
    case 0x01:
      need(frame.length === 5);
      return { type: "CURSOR_UPDATE", x: frame.readUInt16BE(1), y: frame.readUInt16BE(3) };
    case 0x03: {
      const length = frame.readUInt8(3);
      need(length <= 32 && frame.length === 4 + length);
      const name = new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(4));
      return { type: "JOIN", board: frame.readUInt16BE(1), name };
    }
    case 0x04:
      need(frame.length === 3);
      return { type: "LEAVE", board: frame.readUInt16BE(1) };
    case 0x08:
      need(frame.length === 1);
      return { type: "HEARTBEAT" };
    case 0x0b:
      need(frame.length === 2 && frame.readUInt8(1) <= 2);
      return { type: "STATE", state: frame.readUInt8(1) as ClientState };
    case 0x0d:
      need(frame.length === 2);
      return { type: "PROBE", seq: frame.readUInt8(1) };
    default:
      throw new Error("unknown type");
  }
}
