/** Writes safetensors: https://github.com/huggingface/safetensors#format */
import { ability } from "../core/ability.js";
import { crc32 } from "../core/crc32.js";
import { ArgumentError, describe, expectation, NumericError, ShapeError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { as, checked, flag, isRecord, optional, readOptions, type Schema } from "../core/options.js";
import { formatShape, numel } from "../core/shape.js";
import { entriesOf, isTagged } from "../core/tag.js";
import { DIGEST_KEY, digestOf } from "./digest.js";
import { asDtype, bitsOf, DTYPES, type Dtype, dtypeSize, type Integer } from "./dtypes.js";
import { float32BitsToBfloat16, float32BitsToFloat16 } from "./float16.js";
import { MAX_HEADER, MAX_RANK, MAX_TENSORS } from "./limits.js";
import { LONE_SURROGATE } from "./safetensors-header.js";

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

/** Writes elements at a byte. Returns the index of the first value that does not fit, or -1. */
type Write = (data: Float32Array, view: DataView, at: number) => number;

/** A narrower float: a finite value may not become infinite. */
const narrower =
  (toHalf: (bits: number) => number, infinity: number): Write =>
  (data, view, at) => {
    const bits = bitsOf(data);
    for (let i = 0; i < bits.length; i++) {
      const half = toHalf(bits[i]);
      if ((half & 0x7fff) === infinity && (bits[i] & 0x7fffffff) !== 0x7f800000) return i;
      view.setUint16(at + 2 * i, half, true);
    }
    return -1;
  };

/** Integers of `bits` bits, or of fewer; those of 64 bits pass as bigints. */
function integer(kind: Integer, size: number, bits = 8 * size): Write {
  const signed = !kind.includes("U");
  const [low, end] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  return (data, view, at) => {
    const set = `set${kind}` as const;
    for (let i = 0; i < data.length; i++) {
      const value = data[i];
      if (!Number.isInteger(value) || value < low || value >= end) return i;
      view[set](at + size * i, (size === 8 ? BigInt(value) : value) as never, true);
    }
    return -1;
  };
}

/** Absent where writing makes no sense for weights. */
const WRITERS: Partial<Record<Dtype, Write>> = {
  BOOL: /* @__PURE__ */ integer("Uint8", 1, 1),
  U8: /* @__PURE__ */ integer("Uint8", 1),
  I8: /* @__PURE__ */ integer("Int8", 1),
  I16: /* @__PURE__ */ integer("Int16", 2),
  U16: /* @__PURE__ */ integer("Uint16", 2),
  F16: /* @__PURE__ */ narrower(float32BitsToFloat16, 0x7c00),
  BF16: /* @__PURE__ */ narrower(float32BitsToBfloat16, 0x7f80),
  I32: /* @__PURE__ */ integer("Int32", 4),
  U32: /* @__PURE__ */ integer("Uint32", 4),
  // Bytes, not numbers: any alignment, and NaN payloads stay.
  F32(data, view, at) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
    return -1;
  },
  F64(data, view, at) {
    for (let i = 0; i < data.length; i++) view.setFloat64(at + 8 * i, data[i], true);
    return -1;
  },
  I64: /* @__PURE__ */ integer("BigInt64", 8),
  U64: /* @__PURE__ */ integer("BigUint64", 8),
};

/** Place in the reference writer's order: tensors of a greater rank come first in a file. */
const dtypeRank = (dtype: Dtype): number => DTYPES.indexOf(dtype);

/** Converts `data` to `dtype` at byte `at` of `view`. */
function writeElements(dtype: Dtype, data: Float32Array, view: DataView, at: number, name: string): void {
  const write = WRITERS[dtype];
  if (!write) {
    const writable = DTYPES.filter((each) => WRITERS[each]).join(", ");
    throw new ArgumentError(
      expectation("writeSafetensors", `dtype of ${describe(name)}`, `one of ${writable}`, describe(dtype)),
    );
  }
  const bad = write(data, view, at);
  if (bad < 0) return;
  const float = dtype === "F16" || dtype === "BF16";
  const expected = float ? `a value within the range of ${dtype}` : `an integer within the range of ${dtype}`;
  const hint = dtype === "F16" ? 'dtype "BF16" has the range of float32' : undefined;
  throw new NumericError(
    expectation("writeSafetensors", `tensor ${describe(name)} element ${bad}`, expected, data[bad], { hint }),
  );
}

/**
 * Writes a file, the same bytes for the same tensors in whatever order they come: tensors by descending alignment,
 * then by name, as the reference writer does; metadata by key; the header padded to 8 bytes, so that every tensor is
 * aligned to its type.
 *
 * @example
 * const bytes = await writeSafetensors(model.stateDict(), { metadata: { made: "today" } });
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsEntry> | Readonly<Record<string, SafetensorsEntry>>,
  options?: WriteOptions,
): Uint8Array<ArrayBuffer> {
  if (typeof tensors !== "object" || tensors === null) throw invalid("tensors", "a Map or record", describe(tensors));
  const { dtype = "F32", digest, ...given } = readOptions("writeSafetensors", options, writerSchema);
  const dtypeOf = typeof dtype === "function" ? dtype : () => dtype;
  const entries = entriesOf("writeSafetensors", tensors).map(([name, tensor]) => {
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
  const encoder = new (ability("writeSafetensors", "TextEncoder"))();
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
