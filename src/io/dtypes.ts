/** The element types of safetensors, each to and from float32. Little-endian, as the format and WASM are. */

import { ArgumentError, describe, expectation, FormatError, NumericError } from "../core/errors.js";
import { keysOf } from "../core/keys.js";
import {
  float8e4m3ToFloat32Bits,
  float8e5m2ToFloat32Bits,
  float16ToFloat32Bits,
  float32BitsToBfloat16,
  float32BitsToFloat16,
} from "./float16.js";

/** Element types of safetensors files. */
export type Dtype =
  | "BOOL"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "F64"
  | "I64"
  | "U64";

/** What to do with an integer between two float32: refuse the file, or take the nearer one. */
export type IntegerRule = "exact" | "round";

interface Codec {
  /** Bytes of one element. */
  size: number;
  kind?: Integer;
  /** Converts `count` elements at byte `at`; returns the index of the first that float32 cannot hold, or -1. */
  read(view: DataView, at: number, count: number, out: Float32Array, offset: number, rule: IntegerRule): number;
  /** Absent where writing makes no sense for weights. Returns the index of the first value that does not fit, or -1. */
  write?(data: Float32Array, view: DataView, at: number): number;
}

const bitsOf = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);

/** A type every value of which is a float32: its bits go over one by one. */
const exactBits =
  (size: number, toBits: (raw: number) => number): Codec["read"] =>
  (view, at, count, out, offset) => {
    const bits = bitsOf(out);
    for (let i = 0; i < count; i++) {
      bits[offset + i] = toBits(size === 2 ? view.getUint16(at + 2 * i, true) : view.getUint8(at + i));
    }
    return -1;
  };

/** A narrower float: a finite value may not become infinite. */
const narrower =
  (toHalf: (bits: number) => number, infinity: number): NonNullable<Codec["write"]> =>
  (data, view, at) => {
    const bits = bitsOf(data);
    for (let i = 0; i < bits.length; i++) {
      const half = toHalf(bits[i]);
      if ((half & 0x7fff) === infinity && (bits[i] & 0x7fffffff) !== 0x7f800000) return i;
      view.setUint16(at + 2 * i, half, true);
    }
    return -1;
  };

/** What a DataView calls the integers. */
type Integer = "Uint8" | "Int8" | "Uint16" | "Int16" | "Uint32" | "Int32" | "BigUint64" | "BigInt64";

/** Integers of `bits` bits, or of fewer; those of 64 bits pass as bigints. */
function integer(kind: Integer, size: number, bits = 8 * size): Codec {
  const signed = !kind.includes("U");
  const [low, end] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  return {
    size,
    kind,
    read(view, at, count, out, offset, rule) {
      const get = `get${kind}` as const;
      for (let i = 0; i < count; i++) {
        const value = view[get](at + size * i, true);
        // Beyond 2^53 this rounds twice, which "round" may do and the comparison below notices.
        const nearest = Math.fround(Number(value));
        out[offset + i] = nearest;
        // biome-ignore lint/suspicious/noDoubleEquals: compares a number with a bigint, too.
        if (rule === "exact" && nearest != value) return i;
      }
      return -1;
    },
    write(data, view, at) {
      const set = `set${kind}` as const;
      for (let i = 0; i < data.length; i++) {
        const value = data[i];
        if (!Number.isInteger(value) || value < low || value >= end) return i;
        view[set](at + size * i, (size === 8 ? BigInt(value) : value) as never, true);
      }
      return -1;
    },
  };
}

/** In the reference writer's order. */
const codecs: Record<Dtype, Codec> = {
  BOOL: /* @__PURE__ */ integer("Uint8", 1, 1),
  U8: /* @__PURE__ */ integer("Uint8", 1),
  I8: /* @__PURE__ */ integer("Int8", 1),
  F8_E5M2: { size: 1, read: /* @__PURE__ */ exactBits(1, float8e5m2ToFloat32Bits) },
  F8_E4M3: { size: 1, read: /* @__PURE__ */ exactBits(1, float8e4m3ToFloat32Bits) },
  I16: /* @__PURE__ */ integer("Int16", 2),
  U16: /* @__PURE__ */ integer("Uint16", 2),
  F16: {
    size: 2,
    read: /* @__PURE__ */ exactBits(2, float16ToFloat32Bits),
    write: /* @__PURE__ */ narrower(float32BitsToFloat16, 0x7c00),
  },
  BF16: {
    size: 2,
    read: /* @__PURE__ */ exactBits(2, (half) => half << 16),
    write: /* @__PURE__ */ narrower(float32BitsToBfloat16, 0x7f80),
  },
  I32: /* @__PURE__ */ integer("Int32", 4),
  U32: /* @__PURE__ */ integer("Uint32", 4),
  F32: {
    size: 4,
    // Bytes, not numbers: any alignment, and NaN payloads stay.
    read(view, at, count, out, offset) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, 4 * count);
      new Uint8Array(out.buffer, out.byteOffset + 4 * offset, 4 * count).set(bytes);
      return -1;
    },
    write(data, view, at) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
      return -1;
    },
  },
  F64: {
    size: 8,
    read(view, at, count, out, offset) {
      for (let i = 0; i < count; i++) {
        const value = view.getFloat64(at + 8 * i, true);
        const single = Math.fround(value);
        if (Math.abs(single) === Infinity && Math.abs(value) !== Infinity) return i;
        out[offset + i] = single;
      }
      return -1;
    },
    write(data, view, at) {
      for (let i = 0; i < data.length; i++) view.setFloat64(at + 8 * i, data[i], true);
      return -1;
    },
  },
  I64: /* @__PURE__ */ integer("BigInt64", 8),
  U64: /* @__PURE__ */ integer("BigUint64", 8),
};

export const DTYPES = /* @__PURE__ */ keysOf(codecs);

/** `text` as a dtype, by its exact spelling; undefined for any other string, `__proto__` included. */
export function asDtype(text: string): Dtype | undefined {
  return DTYPES.find((dtype) => dtype === text);
}

export const dtypeSize = (dtype: Dtype): number => codecs[dtype].size;
/** Place in the reference writer's order: tensors of a greater rank come first in a file. */
export const dtypeRank = (dtype: Dtype): number => DTYPES.indexOf(dtype);

interface Source {
  where: string;
  /** The tensor, for messages. */
  name: string;
  path?: string | undefined;
  rule: IntegerRule;
}

/** Fills `out` with the elements that begin at byte `at` of `view`. */
export function readElements(dtype: Dtype, view: DataView, at: number, out: Float32Array, source: Source): void {
  const bad = codecs[dtype].read(view, at, out.length, out, 0, source.rule);
  // BOOL passes through `integer`, which reads any byte; the format knows 0 and 1 alone.
  const stray = dtype === "BOOL" ? out.findIndex((value) => value > 1) : -1;
  if (bad < 0 && stray < 0) return;
  const index = bad < 0 ? stray : bad;
  const { size, kind } = codecs[dtype];
  const element = at + size * index;
  const [expected, got, hint] =
    dtype === "BOOL"
      ? ["0 or 1", view.getUint8(element), undefined]
      : dtype === "F64"
        ? ["values within float32's ±3.4028e38", view.getFloat64(element, true), undefined]
        : [
            "integers that float32 holds exactly",
            kind && view[`get${kind}`](element, true),
            'Pass { integers: "round" } to take the nearest',
          ];
  const name = `tensor ${describe(source.name)} element ${index} (${dtype})`;
  throw new FormatError(expectation(source.where, name, expected, got, { path: source.path, hint }));
}

/** Converts `data` to `dtype` at byte `at` of `view`. */
export function writeElements(dtype: Dtype, data: Float32Array, view: DataView, at: number, name: string): void {
  const { write } = codecs[dtype];
  if (!write) {
    const writable = DTYPES.filter((each) => codecs[each].write).join(", ");
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
