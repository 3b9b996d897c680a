/** The golden vectors that the server's codec runs too. */
import { readFileSync } from "node:fs";
import type { ClientMessage, Dialect, ServerMessage } from "../../src/protocol/protocol.js";

interface Valid {
  readonly name: string;
  readonly dialect: Dialect;
  readonly hex: string;
}
type ValidVector =
  | (Valid & { readonly direction: "client"; readonly message: ClientMessage })
  | (Valid & { readonly direction: "server"; readonly message: ServerMessage });

interface Vectors {
  readonly valid: readonly ValidVector[];
  readonly malformed: readonly Valid[];
  readonly coordinates: readonly { readonly fraction: number; readonly encoded: number }[];
}

// The tests run from presence/client/build.
const path = new URL("../../../tests/vectors/frames.json", import.meta.url);
export const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

export function fromHex(hex: string): ArrayBuffer {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)).buffer;
}

export function toHex(frame: ArrayBuffer): string {
  return Buffer.from(frame).toString("hex");
}
