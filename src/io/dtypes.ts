/** The element types of safetensors, each to float32. Little-endian, as the format and WASM are. */

import { describe, expectation, FormatError } from "../core/errors.js";
import { keysOf } from "../core/keys.js";
import { float8e4m3ToFloat32Bits, float8e5m2ToFloat32Bits, float16ToFloat32Bits } from "./float16.js";

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
}

/** The bits of floats. */
export const bitsOf = (data: Float32Array): Uint32Array => new Uint32Array(data.buffer, data.byteOffset, data.length);

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

/** What a DataView calls the integers. */
export type Integer = "Uint8" | "Int8" | "Uint16" | "Int16" | "Uint32" | "Int32" | "BigUint64" | "BigInt64";

/** Those of 64 bits pass as bigints. */
const integer = (kind: Integer, size: number): Codec => ({
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
});

/** In the reference writer's order. */
const codecs: Record<Dtype, Codec> = {
  BOOL: /* @__PURE__ */ integer("Uint8", 1),
  U8: /* @__PURE__ */ integer("Uint8", 1),
  I8: /* @__PURE__ */ integer("Int8", 1),
  F8_E5M2: { size: 1, read: /* @__PURE__ */ exactBits(1, float8e5m2ToFloat32Bits) },
  F8_E4M3: { size: 1, read: /* @__PURE__ */ exactBits(1, float8e4m3ToFloat32Bits) },
  I16: /* @__PURE__ */ integer("Int16", 2),
  U16: /* @__PURE__ */ integer("Uint16", 2),
  F16: { size: 2, read: /* @__PURE__ */ exactBits(2, float16ToFloat32Bits) },
  BF16: { size: 2, read: /* @__PURE__ */ exactBits(2, (half) => half << 16) },
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
