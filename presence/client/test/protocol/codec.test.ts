import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ProtocolError, decode, encode, fromWire, toWire } from "../../src/protocol/codec.js";
import type { ClientMessage, ServerMessage } from "../../src/protocol/messages.js";
import { decodeClient, encodeServer } from "../support/server.js";

interface AnchorFields {
  readonly hash: number;
  readonly x: number;
  readonly y: number;
}
type VectorMessage =
  | Exclude<ClientMessage | ServerMessage, { readonly type: "ANCHORS" }>
  | { readonly type: "ANCHORED_UPDATE"; readonly x: number; readonly y: number; readonly anchor: AnchorFields }
  | { readonly type: "ANCHORS"; readonly anchors: readonly (AnchorFields & { readonly user: number })[] };
interface Vector {
  readonly name: string;
  readonly dialect: "compact" | "explicit";
  readonly hex: string;
}
type ValidVector = Vector & { readonly direction: "client" | "server"; readonly message: VectorMessage };

/** The golden vectors, which the server's codec passes too. The tests run from presence/client/build. */
const path = new URL("../../../tests/vectors/frames.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as {
  readonly valid: readonly ValidVector[];
  readonly malformed: readonly Vector[];
  readonly coordinates: readonly { readonly fraction: number; readonly encoded: number }[];
};
// This client speaks the compact dialect only.
const DIFFERENT = ["CURSOR_UPDATE", "CURSOR_BROADCAST", "PRESENCE_UPDATE"];
const isExplicitOnly = ({ dialect, message }: ValidVector) => dialect === "explicit" && DIFFERENT.includes(message.type);
// Only a worker says and hears these: shared-socket.test.ts.
const isWorkers = ({ message }: ValidVector) => ["SESSION", "GONE"].includes(message.type);
const valid = vectors.valid.filter((vector) => !isExplicitOnly(vector) && !isWorkers(vector));
const malformed = vectors.malformed.filter(({ dialect }) => dialect === "compact");

/** The message of a vector as this client has it: an anchor is its words, and makes a CURSOR_UPDATE an ANCHORED_UPDATE. */
function ours(message: VectorMessage): ClientMessage | ServerMessage {
  const words = ({ hash, x, y }: AnchorFields) => [hash >>> 16, hash & 0xffff, x, y] as const;
  if (message.type === "ANCHORED_UPDATE") return { ...message, type: "CURSOR_UPDATE", anchor: words(message.anchor) };
  if (message.type !== "ANCHORS") return message;
  return { ...message, anchors: message.anchors.map((anchor) => [anchor.user, words(anchor)] as const) };
}

const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex")).buffer;
const toHex = (frame: ArrayBuffer) => Buffer.from(frame).toString("hex");

for (const { name, hex, ...vector } of valid) {
  const message = ours(vector.message);
  if (vector.direction === "client") {
    test(`${name}: encode`, () => assert.equal(toHex(encode(message as ClientMessage)), hex));
    test(`${name}: the fake server decodes it`, () => assert.deepEqual(decodeClient(fromHex(hex)), message));
  } else {
    test(`${name}: decode`, () => assert.deepEqual(decode(fromHex(hex)), message));
    test(`${name}: the fake server encodes it`, () => assert.equal(toHex(encodeServer(message as ServerMessage)), hex));
  }
}

// The bytes of these vectors mean something else from a server than from a client.
const fromServer = new Map([
  ["state, long", "STATE"],
  ["a server's message: broadcast", "CURSOR_BROADCAST"],
  ["a server's message: user joined", "USER_JOINED"],
  ["a server's message: welcome", "WELCOME"],
  ["a server's message: notice", "NOTICE"],
  ["a server's message: avatars", "AVATARS"],
  ["a server's message: anchors", "ANCHORS"],
]);
for (const { name, hex } of malformed) {
  test(`malformed ${name}`, () => {
    assert.throws(() => decodeClient(fromHex(hex)));
    const type = fromServer.get(name);
    if (type) assert.equal(decode(fromHex(hex)).type, type);
    else assert.throws(() => decode(fromHex(hex)), ProtocolError);
  });
}

test("messages of the explicit dialect only are malformed", () => {
  const frames = vectors.valid.filter((vector) => isExplicitOnly(vector) && vector.direction === "server");
  for (const { hex } of frames) assert.throws(() => decode(fromHex(hex)), ProtocolError);
  assert.ok(valid.length >= 29 && malformed.length >= 29 && frames.length >= 2, "all golden vectors were read");
});

const MALFORMED: Record<string, string> = {
  "broadcast without a cursor": "02",
  "broadcast that is too short": "0207fffffff",
  "broadcast with an extra byte": "02077fffffff00",
  "joined without a name": "0512340300c2185b",
  "joined with 97 bytes of name": `05123403${"61"}${"61".repeat(97)}c2185b`,
  "joined with invalid UTF-8": "0512340302c328c2185b",
  "joined with a name longer than the frame": "05123403ff416461c2185b",
  "count of 255 in one byte": "071234ff",
  "count of 254 in four bytes": "071234ff000000fe",
  "roster with too few users": "0a12340200000102030341646",
  "roster with too many users": "0a12340000000102030341646100",
  "state 4": "0b0304",
  "half a state": "0b03",
  "notice without retry": "0e07",
  "anchors without any": "10",
  "half an anchor": "1007bf9cf9687fff",
  "a client's cursor update": "0101f4012c",
  "a client's join": "0300000141",
};
for (const [name, hex] of Object.entries(MALFORMED)) {
  test(`a server may not send a ${name}`, () => assert.throws(() => decode(fromHex(hex)), ProtocolError));
}

test("a ProtocolError states type and length, so that each kind is reported once", () => {
  assert.throws(() => decode(fromHex("02077f")), /type 2, 3 bytes/);
  assert.throws(() => decode(fromHex("")), /type none, 0 bytes/);
});

test("random bytes decode to one message that encodes to the same bytes, or throw ProtocolError", () => {
  let decoded = 0;
  for (let round = 0; round < 8_000; round++) {
    const [length = 0, type = 0, ...random] = createHash("sha256").update(String(round)).digest();
    const frame = Uint8Array.from([round % 2 ? 1 + (type % 16) : type, ...random.slice(0, length % 24)]);
    try {
      const message = decode(frame.buffer);
      decoded += 1;
      // A WELCOME has spare bits that are not kept.
      if (message.type !== "WELCOME") assert.equal(toHex(encodeServer(message)), toHex(frame.buffer));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  }
  assert.ok(decoded > 100, `${decoded} frames were messages`);
});

test("coordinates are those of the vectors, are clamped, and come back within 1/65535", () => {
  for (const { fraction, encoded } of vectors.coordinates) assert.equal(toWire(fraction), encoded);
  assert.deepEqual([toWire(-0.01), toWire(1.5)], [0, 65535]);
  for (const fraction of [0, 0.1, 1 / 3, 0.5, 0.999999, 1]) {
    const back = fromWire(toWire(fraction));
    assert.ok(fraction - back >= 0 && fraction - back < 1 / 65535 + 1e-12, `${fraction} -> ${back}`);
  }
});

test("a server's name may have 96 bytes", () => {
  const message = { type: "USER_JOINED", board: 1, user: 2, name: "é".repeat(48), color: [1, 2, 3] } as const;
  assert.deepEqual(decode(encodeServer(message)), message);
});
