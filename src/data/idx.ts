/**
 * The idx format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/): two zero bytes, one for the type,
 * one for the number of dimensions, the sizes as big-endian u32, then the values, big-endian, last dimension fastest.
 */
import { ability } from "../core/ability.js";
import { asBytes } from "../core/bytes.js";
import { expectInteger } from "../core/check.js";
import { ArgumentError, describe, expectation, FormatError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import { unshared } from "./files.js";

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  shape: number[];
  data: IdxData;
}

const types: Record<number, { size: number; make: (count: number) => IdxData; get: keyof DataView & `get${string}` }> =
  {
    8: { size: 1, make: (count) => new Uint8Array(count), get: "getUint8" },
    9: { size: 1, make: (count) => new Int8Array(count), get: "getInt8" },
    11: { size: 2, make: (count) => new Int16Array(count), get: "getInt16" },
    12: { size: 4, make: (count) => new Int32Array(count), get: "getInt32" },
    13: { size: 4, make: (count) => new Float32Array(count), get: "getFloat32" },
    14: { size: 8, make: (count) => new Float64Array(count), get: "getFloat64" },
  };

/**
 * Reads idx bytes, already unpacked; `fileName` is for messages. Unsigned bytes are a view of `bytes`, the rest copies.
 *
 * @example
 * const { shape, data } = readIdx(idx);
 */
export function readIdx(bytes: Uint8Array | ArrayBuffer, fileName?: string): IdxArray {
  const fail = (name: string, expected: unknown, got: unknown, hint?: string): FormatError =>
    new FormatError(expectation("readIdx", name, expected, got, { path: fileName, hint }));
  const file = asBytes("readIdx", bytes);
  if (file.length < 4) throw fail("file", "at least 4 bytes", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint16(0) !== 0) {
    const hint = isGzip(file) ? "This is gzip; unpack it first" : undefined;
    throw fail("first two bytes", "0, 0", `${file[0]}, ${file[1]}`, hint);
  }
  const type = Object.hasOwn(types, file[2]) ? types[file[2]] : undefined;
  if (!type) throw fail("type code", Object.keys(types).join(", "), file[2]);
  const rank = file[3];
  const start = 4 + 4 * rank;
  if (rank === 0 || start > file.length) {
    throw fail("file", `at least one dimension and ${start} bytes for the sizes`, `${file.length} bytes`);
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  // Up to 255 factors below 2^32: the product may reach infinity, and is no less unequal to the file's length then.
  const count = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, 1);
  if (start + count * type.size !== file.length) {
    throw fail("file", `${start + count * type.size} bytes for ${formatShape(shape)}`, `${file.length} bytes`);
  }
  if (type.size === 1 && file[2] === 8) return { shape, data: file.subarray(start) };
  const data = type.make(count);
  const get = type.get as "getFloat64";
  for (let i = 0; i < count; i++) data[i] = view[get](start + i * type.size);
  return { shape, data };
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Deflate makes at most 1032 bytes of one. */
const MOST_OF_ONE = 1032;

/**
 * Unpacks gzip, into memory of the size that it claims. Refuses to write more than `limit` bytes, whatever the packed length.
 *
 * @example
 * const bytes = await gunzip(packed);
 */
export async function gunzip(bytes: Uint8Array, fileName?: string, limit = 2 ** 30): Promise<Uint8Array<ArrayBuffer>> {
  const packed = asBytes("gunzip", bytes);
  if (fileName !== undefined && typeof fileName !== "string")
    throw new ArgumentError(expectation("gunzip", "fileName", "a string", describe(fileName)));
  expectInteger("gunzip", "limit", limit, 1, Number.MAX_SAFE_INTEGER);
  const fail = (expected: unknown, got: unknown): FormatError =>
    new FormatError(expectation("gunzip", "file", expected, got, { path: fileName }));
  // The last four bytes are the unpacked length of the last member (RFC 1952): nearly always, of the only one.
  const tail = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const claimed = packed.length < 18 ? 0 : tail.getUint32(packed.length - 4, true);
  let whole = new Uint8Array(Math.min(claimed, limit, packed.length * MOST_OF_ONE));
  let length = 0;
  const Unpacked = ability("gunzip", "DecompressionStream");
  const source = new (ability("gunzip", "Blob"))([unshared(packed)]).stream();
  const reader = source.pipeThrough(new Unpacked("gzip")).getReader();
  for (;;) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch (error) {
      // What zlib has to say is the cause: a wrong checksum, an early end, trailing bytes.
      throw fail("gzip", error instanceof Error ? error.message : describe(error));
    }
    if (part.done) break;
    const next = length + part.value.length;
    if (next > limit) {
      await reader.cancel();
      throw fail(`at most ${limit} bytes unpacked`, "more");
    }
    if (next > whole.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(next, 2 * whole.length)));
      larger.set(whole);
      whole = larger;
    }
    whole.set(part.value, length);
    length = next;
  }
  return length === whole.length ? whole : whole.slice(0, length);
}
