// Small safetensors files for the tests, well-formed and not.
import { readFileSync } from "node:fs";

export const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../golden/safetensors/${name}`, import.meta.url));

export const tensor = (shape: number[], data: number[]) => ({ shape, data: Float32Array.from(data) });

export const toBits = (data: Float32Array): number[] => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];

/** A file of any header text and any data; `length` is what the first 8 bytes say. */
export function fileOf(header: string | Uint8Array, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

export const f32 = (shape: string, offsets: string): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}`;
