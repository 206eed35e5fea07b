/**
 * Reads safetensors: https://github.com/huggingface/safetensors#format
 *
 * Files may come from anywhere, so that every length in them is checked before it is used. A refused file costs time and
 * memory in proportion to its own size: a tensor's float32 copy takes at most 4 times its bytes, and the object around it
 * some 2 KB, of which there are at most MAX_TENSORS.
 */

import { asBytes } from "../core/bytes.js";
import { crc32 } from "../core/crc32.js";
import { flag, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { takeDigest } from "./digest.js";
import { type Dtype, type IntegerRule, readElements } from "./dtypes.js";
import { Int8Pairs } from "./int8.js";
import { foreign, formatError, headerLength, type Origin, parseHeader } from "./safetensors-header.js";

export type { Dtype } from "./dtypes.js";

/** A tensor as a file holds it, its elements as float32. */
export interface StoredTensor {
  data: Float32Array;
  shape: number[];
  /** The type in the file; `data` is float32 whatever it says, weights that were saved as "I8" multiplied by their scales. */
  dtype: Dtype;
}

/** All that a safetensors file holds. */
export interface SafetensorsFile {
  /** In the header's order. */
  tensors: Map<string, StoredTensor>;
  /** Has no prototype: use Object.hasOwn or the in operator. */
  metadata: Record<string, string>;
}

export interface ReadOptions {
  /** Names the file in error messages. */
  fileName?: string;
  /** Integers that float32 cannot hold (above 2^24): refuse the file ("exact", the default) or take the nearest. */
  integers?: IntegerRule;
  /** Whether digests in files of `model.save`, `trainer.save` and `writeSafetensors` are checked. Default true. */
  verify?: boolean;
}

/** The options of every reader. */
export const readerSchema = () =>
  ({
    fileName: optional(text),
    integers: oneOf(["exact", "round"], "exact"),
    verify: flag(true),
  }) satisfies Schema<ReadOptions>;

/**
 * Reads a whole file that is in memory. The tensors are copies. A digest is checked before anything else is done, and is
 * no part of the metadata that are given.
 *
 * @example
 * const { tensors, metadata } = readSafetensors(bytes);
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer, options?: ReadOptions): SafetensorsFile {
  const { fileName, integers: rule, verify } = readOptions("readSafetensors", options, readerSchema);
  const origin: Origin = { where: "readSafetensors", path: fileName };
  const file = asBytes(origin.where, bytes);
  const start = 8 + headerLength(file, origin);
  if (start > file.length) {
    const hint = foreign(file);
    throw formatError(origin, "file", `at least ${start} bytes for its header`, `${file.length} bytes`, hint);
  }
  const header = parseHeader(file.subarray(8, start), origin);
  if (start + header.dataLength !== file.length) {
    throw formatError(origin, "file", `${start + header.dataLength} bytes`, `${file.length} bytes`);
  }
  const check = takeDigest(header, verify, origin);
  if (check)
    for (const { name, begin, end } of header.entries) check(name, crc32(file.subarray(start + begin, start + end)));
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tensors = new Map<string, StoredTensor>();
  const pairs = new Int8Pairs(header.entries, origin);
  for (const { name, dtype, shape, count, begin } of header.entries) {
    const data = new Float32Array(count);
    readElements(dtype, view, start + begin, data, { ...origin, name, rule });
    const whole = pairs.take(name, { data, shape, dtype });
    if (whole) tensors.set(...whole);
  }
  return { tensors, metadata: header.metadata };
}
