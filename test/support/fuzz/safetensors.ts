import { crc32 } from "../../../src/core/crc32.js";
import { DIGEST_KEY, digestOf } from "../../../src/io/digest.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { parseHeader } from "../../../src/io/safetensors-header.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import type { Target } from "./fuzz.js";

const KEY = new TextEncoder().encode(`"${DIGEST_KEY}":"`);

/**
 * The file with the digest of what it now holds, where its header can still be read, three times in four: changes get past it
 * to what it guards.
 */
export function resealed(file: Uint8Array): Uint8Array {
  if (file.length < 8 || file[file.length >> 1]! % 4 === 0) return file;
  const start = 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const at = find(file.subarray(0, start), KEY);
  if (at < 0 || start > file.length) return file;
  try {
    const { entries, metadata } = parseHeader(file.slice(8, start), { where: "fuzz" });
    const sum = ({ begin, end }: { begin: number; end: number }) => crc32(file.subarray(start + begin, start + end));
    const digest = new TextEncoder().encode(digestOf(metadata, entries, sum));
    const sealed = file.slice();
    if (digest.length === metadata[DIGEST_KEY]?.length) sealed.set(digest, at + KEY.length);
    return sealed;
  } catch {
    return file; // refused before its digest is looked at
  }
}

const find = (bytes: Uint8Array, part: Uint8Array): number =>
  bytes.findIndex((_, i) => part.every((byte, j) => bytes[i + j] === byte));

const count = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => (i % 9) / 4 - 1);

/** Every type of number, with digests and without, with metadata and without. */
export function safetensorsTarget(): Target {
  const dtypes = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"] as const;
  const tensors = new Map(
    dtypes.map((dtype) => [dtype, { data: count(12).map(Math.abs).map(Math.ceil), shape: [3, 4] }]),
  );
  const dtype = (name: string) => dtypes.find((each) => each === name) ?? "F32";
  return {
    files: [
      writeSafetensors(tensors, { dtype, digest: true, metadata: { format: "pt", "a key": "a value" } }),
      writeSafetensors(tensors, { dtype }),
      writeSafetensors(
        new Map([
          ["", { data: count(1), shape: [] }],
          ["b.weight", { data: count(0), shape: [0, 3] }],
        ]),
      ),
      writeSafetensors(new Map(), { metadata: { only: "metadata" }, digest: true }),
    ],
    prepare: resealed,
    times: 4, // a byte becomes a float
    read(bytes) {
      const { tensors: read } = readSafetensors(bytes, { integers: "round" });
      for (const [name, { data, shape }] of read)
        if (shape.reduce((product, size) => product * size, 1) !== data.length) throw new Error(`${name}: [${shape}]`);
      return [...read.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    },
  };
}
