import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorAt, anchorHash, anchorPoint } from "../../src/protocol/anchors.js";

test("a hash is FNV-1a with 32 bits of the UTF-8 bytes", () => {
  // The first four are test vectors of its authors.
  const hashes = { "": 0x811c9dc5, a: 0xe40c292c, b: 0xe70c2de5, foobar: 0xbf9cf968, "ä": 0x199de0e2 };
  for (const [id, hash] of Object.entries(hashes)) assert.equal(anchorHash(id), hash, id);
});

test("an anchor is the two halves of the hash and the fractions as on the wire, and can be read", () => {
  const anchor = anchorAt("foobar", 0, 1.5);
  assert.deepEqual(anchor, [0xbf9c, 0xf968, 0, 65535]);
  assert.deepEqual(anchorPoint(anchor), { hash: 0xbf9cf968, x: 0, y: 1 });
});
