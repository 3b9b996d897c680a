/** The server's side of the codec, and what a server says after a JOIN. */
import assert from "node:assert/strict";
import { ACTIVE, AWAY } from "../../src/protocol/messages.js";
import type { Anchor, ClientMessage, ClientState, RosterEntry, ServerMessage } from "../../src/protocol/messages.js";

export const BOARD = 1234;
export const ADA: RosterEntry = { user: 1, name: "Ada", state: ACTIVE, color: [1, 2, 3] };
export const BOB: RosterEntry = { user: 2, name: "Bob", state: AWAY, color: [4, 5, 6] };

const DEFAULTS = { user: 0, interval: 33, spectator: false, nameSet: false, users: [] as readonly RosterEntry[], count: 1 };

export function welcome(options: Partial<typeof DEFAULTS> = {}): ServerMessage[] {
  const { user, interval, spectator, nameSet, users, count } = { ...DEFAULTS, ...options };
  return [
    { type: "WELCOME", board: BOARD, user, color: [194, 24, 91], interval, spectator, name_set: nameSet },
    { type: "ROSTER", board: BOARD, users },
    { type: "PRESENCE_UPDATE", board: BOARD, count },
  ];
}

const u16 = (n: number): number[] => [n >> 8, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const text = (name: string): number[] => [Buffer.byteLength(name), ...Buffer.from(name)];

type Encoders = { [M in ServerMessage as M["type"]]: (message: M) => number[] };

const ENCODERS: Encoders = {
  CURSOR_BROADCAST: ({ cursors }) => [2, ...cursors.flatMap(({ user, x, y }) => [user, ...u16(x), ...u16(y)])],
  ANCHORS: ({ anchors }) => [16, ...anchors.flatMap(([user, anchor]) => [user, ...anchor.flatMap(u16)])],
  USER_JOINED: ({ board, user, name, color }) => [5, ...u16(board), user, ...text(name), ...color],
  USER_LEFT: ({ board, user }) => [6, ...u16(board), user],
  PRESENCE_UPDATE: ({ board, count }) => [7, ...u16(board), ...(count < 255 ? [count] : [255, ...u32(count)])],
  HEARTBEAT: () => [8],
  WELCOME: ({ board, user, color, interval, spectator, name_set }) => {
    return [9, ...u16(board), user, ...color, ...u16(interval), Number(spectator) + 2 * Number(name_set)];
  },
  ROSTER: ({ board, users }) => {
    const entries = users.flatMap(({ user, state, color, name }) => [user, state, ...color, ...text(name)]);
    return [10, ...u16(board), users.length, ...entries];
  },
  AVATARS: ({ avatars }) => [17, ...avatars.flatMap(([user, url]) => [user, ...text(url)])],
  STATE: ({ states }) => [11, ...states.flatMap(({ user, state }) => [user, state])],
  RATE: ({ interval }) => [12, ...u16(interval)],
  PROBE: ({ seq }) => [13, seq],
  NOTICE: ({ code, retry }) => [14, code, ...u16(retry)],
};

export function encodeServer(message: ServerMessage): ArrayBuffer {
  const encode = ENCODERS[message.type] as (message: ServerMessage) => number[];
  return Uint8Array.from(encode(message)).buffer;
}

/** Throws if a server would refuse the frame. */
export function decodeClient(data: ArrayBuffer): ClientMessage {
  const frame = Buffer.from(data);
  const need = (holds: boolean) => assert.ok(holds, "malformed");
  switch (frame[0]) {
    case 0x01:
      need(frame.length === 5);
      return { type: "CURSOR_UPDATE", x: frame.readUInt16BE(1), y: frame.readUInt16BE(3) };
    case 0x03: {
      const name = new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(4));
      need(frame.length <= 100 && frame.length === 4 + frame.readUInt8(3));
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
    case 0x0f: {
      need(frame.length === 13);
      const [x, y, high, low, ax, ay] = [1, 3, 5, 7, 9, 11].map((at) => frame.readUInt16BE(at)) as [number, number, ...Anchor];
      return { type: "CURSOR_UPDATE", x, y, anchor: [high, low, ax, ay] };
    }
    default:
      throw new Error("unknown type");
  }
}
