/** Points of elements of a page, which other pages have too (PROTOCOL.md, Anchors). Pure. */
import { fromWire, toWire } from "./codec.js";
import type { Anchor, Position } from "./messages.js";

/** The hash of an element's id: FNV-1a, 32 bits, of its UTF-8 bytes. */
export function anchorHash(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The point at the fractions, 0..1 each, of the box of the element with an id. */
export function anchorAt(id: string, fx: number, fy: number): Anchor {
  const hash = anchorHash(id);
  return [hash >>> 16, hash & 0xffff, toWire(fx), toWire(fy)];
}

/** The hash of the element's id, and the fractions of its box. */
export function anchorPoint([high, low, x, y]: Anchor): Position & { readonly hash: number } {
  return { hash: high * 0x10000 + low, x: fromWire(x), y: fromWire(y) };
}
