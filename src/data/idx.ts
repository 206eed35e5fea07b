// The idx format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist/): two zero bytes, one for the type,
// one for the number of dimensions, the sizes as big-endian u32, then the values, big-endian, last dimension fastest.
import { ArgumentError, describe, expectation, FormatError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";

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

/** Reads idx bytes, already unpacked; `fileName` is for messages. Unsigned bytes are a view of `bytes`, the rest copies. */
export function readIdx(bytes: Uint8Array | ArrayBuffer, fileName?: string): IdxArray {
  const fail = (name: string, expected: unknown, got: unknown, hint?: string): FormatError =>
    new FormatError(expectation("readIdx", name, expected, got, { path: fileName, hint }));
  const file = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (!(file instanceof Uint8Array)) {
    throw new ArgumentError(expectation("readIdx", "bytes", "a Uint8Array or ArrayBuffer", describe(bytes)));
  }
  if (file.length < 4) throw fail("file", "at least 4 bytes", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint16(0) !== 0) {
    const hint = isGzip(file) ? "This is gzip; unpack it first" : undefined;
    throw fail("first two bytes", "0, 0", `${file[0]}, ${file[1]}`, hint);
  }
  const type = Object.hasOwn(types, file[2]!) ? types[file[2]!] : undefined;
  if (!type) throw fail("type code", Object.keys(types).join(", "), file[2]);
  const rank = file[3]!;
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

/** Unpacks gzip. Refuses to write more than `limit` bytes, whatever the packed length. */
export async function gunzip(bytes: Uint8Array, fileName?: string, limit = 2 ** 30): Promise<Uint8Array<ArrayBuffer>> {
  const fail = (expected: unknown, got: unknown): FormatError =>
    new FormatError(expectation("gunzip", "file", expected, got, { path: fileName }));
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch (error) {
      // What zlib has to say is the cause: a wrong checksum, an early end, trailing bytes.
      throw fail("gzip", error instanceof Error ? error.message : describe(error));
    }
    if (part.done) break;
    length += part.value.length;
    if (length > limit) {
      await reader.cancel();
      throw fail(`at most ${limit} bytes unpacked`, "more");
    }
    chunks.push(part.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
