import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, NumericError, ShapeError } from "../../../src/core/errors.js";
import {
  float8e4m3ToFloat32Bits,
  float8e5m2ToFloat32Bits,
  float16ToFloat32Bits,
  float32BitsToBfloat16,
  float32BitsToFloat16,
} from "../../../src/io/float16.js";
import { type Dtype, readSafetensors } from "../../../src/io/safetensors.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import { golden, tensor, toBits } from "./files.js";

const asFloat = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
const toFloatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const sha256 = (data: ArrayBufferView): string =>
  createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");

/** A small float by its definition: sign, exponent, mantissa. NaN for the reserved exponent. */
function small(pattern: number, exponentBits: number, mantissaBits: number): number {
  const sign = (pattern >> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  const exponent = (pattern >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = pattern & (2 ** mantissaBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const magnitude = exponent
    ? (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias)
    : (mantissa / 2 ** mantissaBits) * 2 ** (1 - bias);
  return sign * magnitude;
}

describe("float16 and bfloat16", () => {
  const formats = {
    float16: { decode: float16ToFloat32Bits, encode: float32BitsToFloat16, exponent: 5, mantissa: 10 },
    bfloat16: { decode: (half: number) => half << 16, encode: float32BitsToBfloat16, exponent: 8, mantissa: 7 },
  };
  const rounding = JSON.parse(golden("rounding.json").toString());

  describe.each(Object.entries(formats))("%s", (name, { decode, encode, exponent, mantissa }) => {
    it("reads all 65,536 patterns as defined, and writes each back", () => {
      for (let pattern = 0; pattern < 65536; pattern++) {
        const value = asFloat(decode(pattern));
        if (!Object.is(value, small(pattern, exponent, mantissa))) expect.fail(`${pattern} read as ${value}`);
        if (encode(decode(pattern) >>> 0) !== pattern) expect.fail(`${pattern} not written back`);
      }
    });

    it("reads and rounds as NumPy and PyTorch do, at every boundary", () => {
      const values = Float32Array.from({ length: 65536 }, (_, pattern) => asFloat(decode(pattern)) || 0);
      for (let i = 0; i < 65536; i++) if (decode(i) >>> 0 === 0x80000000) values[i] = -0;
      expect(sha256(values)).toBe(rounding[name].values);
      const inputs = boundaries(values, name === "float16" ? [65519.996, 65520, 1e6, Number.POSITIVE_INFINITY] : []);
      expect(inputs.length).toBe(rounding[name].count);
      expect(sha256(inputs)).toBe(rounding[name].inputs);
      const bits = new Uint32Array(inputs.buffer);
      expect(sha256(Uint16Array.from(bits, encode))).toBe(rounding[name].outputs);
    });

    it("keeps a NaN a NaN when its payload is lost", () => {
      expect(asFloat(decode(encode(0x7f800001)))).toBeNaN();
      expect(asFloat(decode(encode(0xff800001)))).toBeNaN();
    });
  });

  it("reads all 8-bit patterns as defined", () => {
    for (let pattern = 0; pattern < 256; pattern++) {
      expect(asFloat(float8e5m2ToFloat32Bits(pattern))).toBe(small(pattern, 5, 2));
      // E4M3 "fn" has no infinity: its top exponent is an ordinary one but for the last mantissa.
      const magnitude = pattern & 0x7f;
      const top = (1 + (magnitude & 7) / 8) * 256 * (pattern & 0x80 ? -1 : 1);
      const expected = magnitude === 0x7f ? Number.NaN : magnitude >= 0x78 ? top : small(pattern, 4, 3);
      expect(asFloat(float8e4m3ToFloat32Bits(pattern))).toBe(expected);
    }
  });

  /** As `boundaries` in the generator. */
  function boundaries(values: Float32Array, extra: number[]): Float32Array {
    const sorted = [...new Set(values.filter((value) => value >= 0 && value < Number.POSITIVE_INFINITY))];
    sorted.sort((a, b) => a - b);
    const middle = sorted.slice(1).map((value, i) => Math.fround((value + sorted[i]!) / 2));
    const below = middle.map((value) => (value === 0 ? -asFloat(1) : asFloat(toFloatBits(value) - 1)));
    const above = middle.map((value) => asFloat(toFloatBits(value) + 1));
    const positive = [...sorted, ...middle, ...below, ...above, ...extra];
    return Float32Array.from([...positive, ...positive.map((value) => -value)]);
  }
});

describe("readSafetensors", () => {
  const bytes = golden("dtypes.safetensors");

  it("converts every type, at any alignment, as NumPy does", () => {
    const expected = JSON.parse(golden("dtypes.json").toString());
    for (const shift of [0, 1, 2, 3, 5]) {
      const moved = new Uint8Array(bytes.length + shift + 3).subarray(shift, shift + bytes.length);
      moved.set(bytes);
      const { tensors, metadata } = readSafetensors(moved);
      expect({ ...metadata }).toEqual({ format: "pt", π: '"quoted"\n' });
      expect([...tensors.keys()]).toEqual(Object.keys(expected));
      for (const [name, { data, shape, dtype }] of tensors) {
        expect({ dtype, shape, bits: toBits(data) }, name).toEqual(expected[name]);
      }
    }
  });

  it("takes an ArrayBuffer, and copies", () => {
    const file = writeSafetensors({ a: tensor([2], [1, 2]) });
    const { tensors } = readSafetensors(file.buffer);
    file.fill(0);
    expect([...tensors.get("a")!.data]).toEqual([1, 2]);
  });

  const pretrained = new URL("../../../../shared/data/cifar10-resnets/resnet20-12fca82f.safetensors", import.meta.url);
  it.skipIf(!existsSync(pretrained))("reads pretrained weights (skipped without ../shared/data)", () => {
    const { tensors, metadata } = readSafetensors(readFileSync(pretrained));
    expect(metadata["format"]).toBe("pt");
    expect(tensors.get("conv1.weight")!.shape).toEqual([16, 3, 3, 3]);
    expect(tensors.get("linear.weight")!.shape).toEqual([10, 64]);
    const once = writeSafetensors(tensors, { metadata });
    const twice = writeSafetensors(readSafetensors(once).tensors, { metadata });
    expect(Buffer.compare(twice, once)).toBe(0);
  });
});

describe("writeSafetensors", () => {
  it("writes the header of the reference writer", () => {
    const file = writeSafetensors(
      { b: tensor([1], [2]), a: tensor([], [1]), n: tensor([1], [3]) },
      { metadata: { format: "pt" }, dtype: (name) => (name === "n" ? "I64" : "F32") },
    );
    const length = file[0]!;
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(file.subarray(8, 8 + length)).trimEnd()).toBe(
      '{"__metadata__":{"format":"pt"},"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
        '"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}',
    );
    expect(file.length).toBe(8 + length + 16);
  });

  it("does not depend on the order of tensors and metadata", () => {
    const a = tensor([2], [1, 2]);
    const names = ["z", "ä", "\u{10000}", "\uffff", "", "__proto__", "constructor", "toString"];
    const forward = new Map(names.map((name) => [name, a]));
    const backward = new Map([...names].reverse().map((name) => [name, a]));
    const first = writeSafetensors(forward, { metadata: { a: "1", b: "2" } });
    expect(writeSafetensors(backward, { metadata: { b: "2", a: "1" } })).toEqual(first);
    expect([...readSafetensors(first).tensors.keys()]).toEqual([
      "",
      "__proto__",
      "constructor",
      "toString",
      "z",
      "ä",
      "\uffff",
      "\u{10000}", // by UTF-8 bytes, which is by code points, not by UTF-16 units
    ]);
  });

  it("writes an empty file", () => {
    const file = writeSafetensors({});
    expect(readSafetensors(file).tensors.size).toBe(0);
    expect(file.length).toBe(16);
  });

  const dtypes: Dtype[] = ["F32", "F16", "BF16", "F64"];
  const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text !== "__metadata__");
  const anyTensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(fc.float({ noNaN: false, max: 60000, min: -60000 }), { minLength: length, maxLength: length })
      .map((data) => tensor(shape, data));
  });
  it("reads back what it wrote, and writes the same bytes again", () => {
    const files = fc.record({
      tensors: fc.dictionary(name, anyTensor),
      metadata: fc.dictionary(name, fc.string({ unit: "grapheme" })),
      dtype: fc.constantFrom(...dtypes),
    });
    fc.assert(
      fc.property(files, ({ tensors, metadata, dtype }) => {
        const file = writeSafetensors(tensors, { metadata, dtype });
        const read = readSafetensors(file);
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect(read.tensors.size).toBe(Object.keys(tensors).length);
        for (const [key, { shape, data }] of read.tensors) {
          expect(shape).toEqual(tensors[key]!.shape);
          if (dtype === "F32" || dtype === "F64") expect(data).toEqual(tensors[key]!.data);
        }
        expect(writeSafetensors(read.tensors, { metadata: read.metadata, dtype })).toEqual(file);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps NaN payloads in F32", () => {
    const data = new Float32Array(Uint32Array.of(0x7fa12345, 0xffc00001, 0x7f800001).buffer);
    const file = writeSafetensors({ a: { data, shape: [3] } });
    expect(toBits(readSafetensors(file).tensors.get("a")!.data)).toEqual([0x7fa12345, 0xffc00001, 0x7f800001]);
  });

  it("writes integers that are integers", () => {
    const file = writeSafetensors({ n: tensor([3], [-(2 ** 63), 0, 450450]) }, { dtype: "I64" });
    expect([...readSafetensors(file).tensors.get("n")!.data]).toEqual([-(2 ** 63), 0, 450450]);
    expect(() => writeSafetensors({ n: tensor([1], [0.5]) }, { dtype: "I64" })).toThrow(
      'writeSafetensors: tensor "n" element 0 expected an integer within the range of I64, got 0.5',
    );
    expect(() => writeSafetensors({ n: tensor([2], [0, 2 ** 63]) }, { dtype: "I64" })).toThrow(NumericError);
    expect(() => writeSafetensors({ n: tensor([1], [256]) }, { dtype: "U8" })).toThrow(NumericError);
    expect(() => writeSafetensors({ n: tensor([1], [-1]) }, { dtype: "U64" })).toThrow(NumericError);
  });

  it("refuses values that a narrower type would turn to infinity", () => {
    expect(() => writeSafetensors({ w: tensor([2], [1, 65520]) }, { dtype: "F16" })).toThrow(
      'writeSafetensors: tensor "w" element 1 expected a value within the range of F16, got 65520. dtype "BF16"',
    );
    expect(() => writeSafetensors({ w: tensor([1], [3.4e38]) }, { dtype: "BF16" })).toThrow(NumericError);
    const infinite = writeSafetensors({ w: tensor([1], [Number.NEGATIVE_INFINITY]) }, { dtype: "F16" });
    expect(readSafetensors(infinite).tensors.get("w")!.data[0]).toBe(Number.NEGATIVE_INFINITY);
  });

  it("refuses what is no tensor", () => {
    const bad = (input: unknown, options?: unknown) => () => writeSafetensors(input as never, options as never);
    expect(bad({ a: tensor([3], [1, 2]) })).toThrow(ShapeError);
    expect(bad({ a: tensor([3], [1, 2]) })).toThrow('tensor "a" expected 3 values for [3], got 2');
    expect(bad({ a: { data: new Float32Array(1), shape: [-1] } })).toThrow(ShapeError);
    expect(bad({ a: { data: [1], shape: [1] } })).toThrow(ArgumentError);
    expect(bad({ a: null })).toThrow(ArgumentError);
    expect(bad(null)).toThrow(ArgumentError);
    expect(bad({ __metadata__: tensor([], [1]) })).toThrow(ArgumentError);
    expect(bad({ "\ud800": tensor([], [1]) })).toThrow(ArgumentError);
    expect(bad({ a: tensor([], [1]) }, { dtype: "f32" })).toThrow(ArgumentError);
    expect(bad({ a: tensor([], [1]) }, { dtype: "F8_E4M3" })).toThrow(ArgumentError);
    expect(bad({ a: tensor([], [1]) }, { metadata: { a: 1 } })).toThrow('metadata "a" expected a string, got 1');
    expect(bad({ a: tensor([], [1]) }, { metadata: { a: "\udfff" } })).toThrow(ArgumentError);
  });
});
