/**
 * Reads and writes safetensors: https://github.com/huggingface/safetensors#format
 *
 * Files may come from anywhere, so that every length in them is checked before it is used. A refused file costs time and
 * memory in proportion to its own size: a tensor's float32 copy takes at most 4 times its bytes, and the object around it
 * some 2 KB, of which there are at most MAX_TENSORS.
 */

import { asBytes } from "../core/bytes.js";
import { crc32 } from "../core/crc32.js";
import { ArgumentError, describe, expectation, ShapeError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { as, checked, flag, isRecord, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, numel } from "../core/shape.js";
import { entriesOf, isTagged } from "../core/tag.js";
import { DIGEST_KEY, digestOf, takeDigest } from "./digest.js";
import {
  asDtype,
  DTYPES,
  type Dtype,
  dtypeRank,
  dtypeSize,
  type IntegerRule,
  readElements,
  writeElements,
} from "./dtypes.js";
import {
  foreign,
  formatError,
  headerLength,
  LONE_SURROGATE,
  MAX_HEADER,
  MAX_RANK,
  MAX_TENSORS,
  type Origin,
  parseHeader,
} from "./safetensors-header.js";

export type { Dtype } from "./dtypes.js";

/** A tensor as a file holds it, its elements as float32. */
export interface StoredTensor {
  data: Float32Array;
  shape: number[];
  /** The type in the file; `data` is float32 whatever it says. */
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
  for (const { name, dtype, shape, count, begin } of header.entries) {
    const data = new Float32Array(count);
    readElements(dtype, view, start + begin, data, { ...origin, name, rule });
    tensors.set(name, { data, shape, dtype });
  }
  return { tensors, metadata: header.metadata };
}

export interface SafetensorsEntry {
  data: Float32Array;
  shape: readonly number[];
}

export interface WriteOptions {
  metadata?: Readonly<Record<string, string>>;
  /** One type for all tensors (default "F32"), or a function of the name. Rounds to the nearest, ties to even. */
  dtype?: Dtype | ((name: string) => Dtype);
  /** Adds checksums of header and tensors to the metadata, which this library's readers check. Default false. */
  digest?: boolean;
}

type Metadata = NonNullable<WriteOptions["metadata"]>;

const writerSchema = () =>
  ({
    metadata: optional(
      checked("a record of strings", (value): value is Metadata => isRecord(value)),
      {},
    ),
    dtype: as<WriteOptions["dtype"]>(), // checked for each tensor
    digest: flag(false),
  }) satisfies Schema<WriteOptions>;

/**
 * Writes a file, the same bytes for the same tensors in whatever order they come: tensors by descending alignment,
 * then by name, as the reference writer does; metadata by key; the header padded to 8 bytes, so that every tensor is
 * aligned to its type.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsEntry> | Readonly<Record<string, SafetensorsEntry>>,
  options?: WriteOptions,
): Uint8Array<ArrayBuffer> {
  if (typeof tensors !== "object" || tensors === null) throw invalid("tensors", "a Map or record", describe(tensors));
  const { dtype = "F32", digest, ...given } = readOptions("writeSafetensors", options, writerSchema);
  const dtypeOf = typeof dtype === "function" ? dtype : () => dtype;
  const entries = [...entriesOf(tensors)].map(([name, tensor]) => {
    checkTensor(name, tensor);
    return { name, tensor, shape: tensor.shape, dtype: checkDtype(name, dtypeOf(name)) };
  });
  if (entries.length > MAX_TENSORS) throw invalid("tensors", `at most ${MAX_TENSORS}`, entries.length);
  entries.sort((a, b) => dtypeRank(b.dtype) - dtypeRank(a.dtype) || compareText(a.name, b.name));

  const members: string[] = [];
  // The digest is as long before it is known as after.
  const blank = "0".repeat(8 + 8 * entries.length);
  const all = digest ? { ...given.metadata, [DIGEST_KEY]: blank } : given.metadata;
  const metadata = Object.entries(all).sort(([a], [b]) => compareText(a, b));
  if (metadata.length > 0) members.push(`"__metadata__":{${metadata.map(metadataMember).join(",")}}`);
  let end = 0;
  for (const { name, tensor, dtype } of entries) {
    const begin = end;
    end += tensor.data.length * dtypeSize(dtype);
    members.push(`${quote(name)}:{"dtype":"${dtype}","shape":[${tensor.shape}],"data_offsets":[${begin},${end}]}`);
  }
  const text = `{${members.join(",")}}`;
  const encoder = new TextEncoder();
  const json = encoder.encode(text);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_HEADER) throw invalid("header", `at most ${MAX_HEADER} bytes`, `${headerBytes} bytes`);

  const file = new Uint8Array(8 + headerBytes + end);
  const view = new DataView(file.buffer);
  view.setUint32(0, headerBytes, true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  let at = 8 + headerBytes;
  const sums = new Map<string, number>();
  for (const { name, tensor, dtype } of entries) {
    writeElements(dtype, tensor.data, view, at, name);
    const next = at + tensor.data.length * dtypeSize(dtype);
    if (digest) sums.set(name, crc32(file.subarray(at, next)));
    at = next;
  }
  if (digest) {
    const value = digestOf(all, entries, ({ name }) => lookUp(sums, name));
    const before = text.slice(0, text.indexOf(`${quote(DIGEST_KEY)}:"${blank}"`) + DIGEST_KEY.length + 4);
    file.set(encoder.encode(value), 8 + encoder.encode(before).length);
  }
  return file;
}

function checkTensor(name: string, tensor: SafetensorsEntry): void {
  if (name === "__metadata__" || LONE_SURROGATE.test(name)) {
    throw invalid("tensor name", "well-formed Unicode other than __metadata__", describe(name));
  }
  if (!isTagged(tensor?.data, "Float32Array") || !Array.isArray(tensor.shape)) {
    throw invalid(`tensor ${describe(name)}`, "{ data: Float32Array, shape: number[] }", describe(tensor));
  }
  const { data, shape } = tensor;
  if (shape.length > MAX_RANK || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new ShapeError(
      expectation("writeSafetensors", `shape of ${describe(name)}`, `at most ${MAX_RANK} sizes >= 0`, describe(shape)),
    );
  }
  if (numel(shape) !== data.length) {
    const expected = `${numel(shape)} values for ${formatShape(shape)}`;
    throw new ShapeError(expectation("writeSafetensors", `tensor ${describe(name)}`, expected, data.length));
  }
}

function checkDtype(name: string, dtype: unknown): Dtype {
  const known = typeof dtype === "string" ? asDtype(dtype) : undefined;
  if (!known) throw invalid(`dtype of ${describe(name)}`, `one of ${DTYPES.join(", ")}`, describe(dtype));
  return known;
}

function metadataMember([key, value]: [string, unknown]): string {
  if (typeof value !== "string") throw invalid(`metadata ${describe(key)}`, "a string", describe(value));
  if (LONE_SURROGATE.test(key) || LONE_SURROGATE.test(value)) {
    throw invalid(`metadata ${describe(key)}`, "well-formed Unicode", "a lone surrogate");
  }
  return `${quote(key)}:${quote(value)}`;
}

const quote = (text: string): string => JSON.stringify(text);

const invalid = (name: string, expected: unknown, got: unknown): ArgumentError =>
  new ArgumentError(expectation("writeSafetensors", name, expected, got));

/** By code points, as UTF-8 bytes compare; `<` alone would put U+10000 and up before U+E000. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return (x >= 0xd800 && y >= 0xd800 ? Number(a.codePointAt(i)) - Number(b.codePointAt(i)) : 0) || x - y;
  }
  return a.length - b.length;
}
