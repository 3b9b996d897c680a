/** The golden vectors, which the server's codec passes too. This client speaks the compact dialect only. */
import { readFileSync } from "node:fs";
import type { ClientMessage, ServerMessage } from "../../src/protocol/messages.js";

interface Vector {
  readonly name: string;
  readonly dialect: "compact" | "explicit";
  readonly hex: string;
}
type ValidVector =
  | (Vector & { readonly direction: "client"; readonly message: ClientMessage })
  | (Vector & { readonly direction: "server"; readonly message: ServerMessage });

interface Vectors {
  readonly valid: readonly ValidVector[];
  readonly malformed: readonly Vector[];
  readonly coordinates: readonly { readonly fraction: number; readonly encoded: number }[];
}

// The tests run from presence/client/build.
const path = new URL("../../../tests/vectors/frames.json", import.meta.url);
const all = JSON.parse(readFileSync(path, "utf8")) as Vectors;
const DIFFERENT = ["CURSOR_UPDATE", "CURSOR_BROADCAST", "PRESENCE_UPDATE"];
const isExplicitOnly = ({ dialect, message }: ValidVector) => dialect === "explicit" && DIFFERENT.includes(message.type);

export const valid = all.valid.filter((vector) => !isExplicitOnly(vector));
export const explicitOnly = all.valid.filter(isExplicitOnly);
export const malformed = all.malformed.filter(({ dialect }) => dialect === "compact");
export const { coordinates } = all;

export function fromHex(hex: string): ArrayBuffer {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)).buffer;
}

export function toHex(frame: ArrayBuffer): string {
  return Buffer.from(frame).toString("hex");
}
