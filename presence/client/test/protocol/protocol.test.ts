import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "../../src/protocol/decode.js";
import { decodeIn, encodeIn } from "../support/explicit.js";
import { ProtocolError, encode, fromWire, toWire } from "../../src/protocol/protocol.js";
import { decodeClient, encodeServer } from "../support/server.js";
import { fromHex, toHex, vectors } from "../support/vectors.js";

describe("golden vectors", () => {
  for (const vector of vectors.valid) {
    const { name, dialect, hex } = vector;
    if (vector.direction === "client") {
      test(`${name}: encode`, () => assert.equal(toHex(encodeIn(vector.message)), hex));
      test(`${name}: a server reads it`, () => {
        assert.deepEqual(decodeClient(fromHex(hex), dialect), vector.message);
      });
    } else {
      test(`${name}: decode`, () => assert.deepEqual(decodeIn(fromHex(hex), dialect), vector.message));
      test(`${name}: a server says it`, () => {
        assert.equal(toHex(encodeServer(vector.message, dialect)), hex);
      });
    }
  }

  test("every vector was read", () => assert.ok(vectors.valid.length >= 31 && vectors.malformed.length >= 31));

  for (const { fraction, encoded } of vectors.coordinates) {
    test(`the coordinate of ${fraction}`, () => assert.equal(toWire(fraction), encoded));
  }
});

describe("malformed vectors", () => {
  // Refused from a client, but these bytes are some message of a server's in the compact dialect.
  const serverMay = new Map([
    ["state, long", "STATE"],
    ["a server's message: broadcast", "CURSOR_BROADCAST"],
    ["a server's message: user joined", "USER_JOINED"],
    ["a server's message: welcome", "WELCOME"],
    ["a server's message: notice", "NOTICE"],
  ]);
  for (const { name, dialect, hex } of vectors.malformed) {
    test(`${name}: a server refuses it`, () => assert.throws(() => decodeClient(fromHex(hex), dialect)));
    const type = serverMay.get(name);
    const read = () => decodeIn(fromHex(hex), dialect);
    if (type) test(`${name}: a client reads it`, () => assert.equal(read().type, type));
    else test(`${name}: a client refuses it`, () => assert.throws(read, ProtocolError));
  }
});

describe("what a server may not say", () => {
  const frames: Record<string, string> = {
    "broadcast of nobody": "02",
    "broadcast cut short": "0207fffffff",
    "broadcast with a byte too many": "02077fffffff00",
    "joined without a name": "0512340300c2185b",
    "joined with 33 bytes of name": `05123403${"21"}${"61".repeat(33)}c2185b`,
    "joined with bad UTF-8": "0512340302c328c2185b",
    "joined with a name longer than the frame": "05123403ff416461c2185b",
    "count of 255 in one byte": "071234ff",
    "wide count that is not wide": "071234ff000000fe",
    "roster of more than there are": "0a12340200000102030341646",
    "roster of fewer than there are": "0a12340000000102030341646100",
    "state 4": "0b0304",
    "half a state": "0b03",
    "notice without a retry": "0e07",
    "a client's cursor update": "0101f4012c",
    "a client's join": "0300000141",
  };
  for (const [name, hex] of Object.entries(frames)) {
    test(name, () => assert.throws(() => decode(fromHex(hex)), ProtocolError));
  }

  test("in the explicit dialect: welcome, roster, state, rate, probe, notice", () => {
    const compactOnly = ["09123403c2185b002102", "0a123400", "0b0301", "0c0064", "0dc8", "0e071388"];
    for (const hex of compactOnly) {
      assert.doesNotThrow(() => decode(fromHex(hex)));
      assert.throws(() => decodeIn(fromHex(hex), "explicit"), ProtocolError);
    }
  });

  test("the error names type and length, so that each kind is told once", () => {
    assert.throws(() => decode(fromHex("02077f")), /type 2, 3 bytes/);
    assert.throws(() => decode(fromHex("")), /type none, 0 bytes/);
  });
});

/** Numbers that look random and are the same each time (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test("any bytes decode to a message or a ProtocolError, and to a message only one way", () => {
  const roll = dice(7);
  let read = 0;
  for (let round = 0; round < 8_000; round++) {
    const frame = Uint8Array.from({ length: 1 + Math.floor(roll() * 24) }, () => Math.floor(roll() * 256));
    if (round % 2) frame[0] = 1 + Math.floor(roll() * 14);
    const dialect = round % 3 ? "compact" : "explicit";
    try {
      const message = decodeIn(frame.buffer, dialect);
      read += 1;
      // A welcome's spare flag bits are not kept.
      if (message.type !== "WELCOME") assert.equal(toHex(encodeServer(message, dialect)), toHex(frame.buffer));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  }
  assert.ok(read > 100, `${read} frames were messages`);
});

describe("coordinates", () => {
  test("clamp", () => {
    assert.equal(toWire(-0.01), 0);
    assert.equal(toWire(1.5), 65535);
  });

  test("come back within a 65535th", () => {
    for (const fraction of [0, 0.1, 1 / 3, 0.5, 0.999999, 1]) {
      const back = fromWire(toWire(fraction));
      assert.ok(fraction - back >= 0 && fraction - back < 1 / 65535 + 1e-12, `${fraction} -> ${back}`);
    }
  });
});

describe("a name in a JOIN", () => {
  const nameOf = (name: string) => {
    const message = decodeClient(encode({ type: "JOIN", board: 0, name }));
    return message.type === "JOIN" ? message.name : undefined;
  };

  test("is cut to 32 bytes, never inside a character", () => {
    assert.equal(nameOf("a".repeat(40)), "a".repeat(32));
    assert.equal(nameOf(`a${"é".repeat(20)}`), `a${"é".repeat(15)}`);
    assert.equal(nameOf("🦊".repeat(9)), "🦊".repeat(8));
  });

  test("with half a surrogate pair is still UTF-8", () => assert.equal(nameOf("a\ud83e"), "a\ufffd"));
});
