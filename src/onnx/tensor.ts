/** Tensors of ONNX: any type of numbers, in raw bytes, in the typed fields, or in a file of their own. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { isSize, numel } from "../core/shape.js";
import { isTagged } from "../core/tag.js";
import { type Dtype, dtypeSize, readElements } from "../io/dtypes.js";
import type { TensorProto } from "./messages.js";
import type { Reading } from "./protobuf.js";

/**
 * Gives `length` bytes at `offset` of a file beside the network's (`length` undefined: all from there on). `location` is as the
 * file has it: a relative path that leads into no folder above.
 */
export type ExternalData = (location: string, offset: number, length: number | undefined) => Uint8Array;

/** A tensor of constants. Integers are float64 too: they are sizes and axes, exact up to 2^53. */
export interface Constant {
  shape: number[];
  data: Float32Array | Float64Array;
  isFloat: boolean;
  /** The first axis is the batch's, and these are the rows of a batch of SAMPLE: numbers that exporters count over the batch. */
  isSample?: boolean;
}

const BFLOAT16 = 16;
/** TensorProto.DataType. Of those that have no entry (strings, complex numbers, 4 bits) no network's op here is made. */
const TYPES: Record<number, Dtype> = {
  1: "F32",
  2: "U8",
  3: "I8",
  4: "U16",
  5: "I16",
  6: "I32",
  7: "I64",
  9: "BOOL",
  10: "F16",
  11: "F64",
  12: "U32",
  13: "U64",
  [BFLOAT16]: "BF16",
  17: "F8_E4M3",
  19: "F8_E5M2",
};

/** Undefined for types that no network's op here is made of. */
export const dtypeOf = (type: number | undefined): Dtype | undefined => TYPES[type ?? 0];

export const isFloatType = (type: number | undefined): boolean => /^B?F/.test(dtypeOf(type) ?? "");

/** Of float32 and int64 inside the file, as nearly all weights and sizes are; undefined of other tensors, and of damaged ones. */
export function plainTensor(tensor: TensorProto): Constant | undefined {
  const { dims: shape = [], dataType, segment, dataLocation, rawData, floatData, int32Data, int64Data } = tensor;
  const isFloat = dataType === 1;
  if ((!isFloat && dataType !== 7) || segment || dataLocation === 1 || !shape.every(isSize)) return undefined;
  const given = rawData ?? floatData ?? int32Data ?? int64Data;
  if (given?.length !== numel(shape) * (rawData ? (isFloat ? 4 : 8) : 1)) return undefined;
  // A copy: rawData lies anywhere in the file.
  const bytes = rawData && new Uint8Array(rawData).buffer;
  if (isFloat) return { shape, data: bytes ? new Float32Array(bytes) : Float32Array.from(given), isFloat };
  return {
    shape,
    data: bytes ? Float64Array.from(new BigInt64Array(bytes), Number) : Float64Array.from(given),
    isFloat,
  };
}

const FLOOR = 2 ** 20;

/** Reads the tensors of one file, which take at most twice its bytes (and those of its external data) and FLOOR in all. */
export class ConstantReader {
  readonly #reading: Reading;
  readonly #externalData: ExternalData | undefined;
  #room: number;

  constructor(reading: Reading, fileSize: number, externalData?: ExternalData) {
    this.#reading = reading;
    this.#externalData = externalData;
    this.#room = 2 * fileSize + FLOOR;
  }

  /** Whether there is room for a constant of so many bytes. */
  fits(bytes: number): boolean {
    return bytes <= this.#room;
  }

  /** Counts a constant that was made of others, or with a negative sign one that is given up. */
  spend({ data }: Constant, what: string, sign = 1): void {
    this.#room -= sign * data.byteLength;
    if (this.#room < 0)
      throw this.#reading.error(what, "constants of at most twice the file's size", `${data.byteLength} bytes more`);
  }

  read(tensor: TensorProto, what = `tensor ${describe(tensor.name ?? "")}`): Constant {
    const plain = plainTensor(tensor);
    if (plain && this.fits(plain.data.byteLength)) {
      this.spend(plain, what);
      return plain;
    }
    const fail = (expected: unknown, got: unknown, hint?: string) => this.#reading.error(what, expected, got, hint);
    const dtype = dtypeOf(tensor.dataType);
    if (!dtype) throw fail("floats, integers or booleans", `data type ${tensor.dataType ?? 0}`);
    if (tensor.segment) throw fail("a tensor in one piece", "a segment");
    const shape = tensor.dims ?? [];
    if (shape.length > 16 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
      throw fail("at most 16 sizes of 0 or more", describe(shape));
    const count = numel(shape);
    const size = dtypeSize(dtype);
    if (!Number.isSafeInteger(count * size)) throw fail("fewer elements", describe(shape));
    const raw = tensor.dataLocation === 1 ? this.#external(tensor, count * size, fail) : tensor.rawData;
    const typed = tensor.floatData ?? tensor.int32Data ?? tensor.int64Data ?? tensor.doubleData ?? tensor.uint64Data;
    if (raw ? raw.length !== count * size : (typed?.length ?? 0) !== count) {
      const got = raw ? `${raw.length} bytes` : `${typed?.length ?? 0} numbers`;
      throw fail(`${raw ? count * size : count} ${raw ? "bytes" : "numbers"} for ${dtype} ${describe(shape)}`, got);
    }
    const isFloat = /^B?F/.test(dtype);
    const bytes = count * (isFloat ? 4 : 8);
    if (!this.fits(bytes)) throw fail("constants of at most twice the file's size", `${bytes} bytes more`);
    this.#room -= bytes;
    if (!isFloat) return { shape, data: raw ? integers(dtype, raw) : Float64Array.from(typed ?? []), isFloat };
    const data = new Float32Array(count);
    if (raw || size === 2) {
      // float16 and bfloat16 stand as bits in the int32 field.
      const view = raw ?? new Uint8Array(Uint16Array.from(typed ?? []).buffer);
      const source = { where: this.#reading.where, path: this.#reading.path, name: what, rule: "round" as const };
      readElements(dtype, new DataView(view.buffer, view.byteOffset, view.length), 0, data, source);
    } else data.set(typed ?? []);
    return { shape, data, isFloat };
  }

  #external(
    tensor: TensorProto,
    length: number,
    fail: (expected: unknown, got: unknown, hint?: string) => Error,
  ): Uint8Array {
    const fields = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]));
    const location = fields.get("location") ?? "";
    const offset = Number(fields.get("offset") ?? 0);
    const size = fields.has("length") ? Number(fields.get("length")) : length;
    if (!isInside(location)) throw fail("a relative path inside the network's folder", describe(location));
    if (!Number.isSafeInteger(offset) || offset < 0 || size !== length)
      throw fail(`an offset and ${length} bytes`, describe([fields.get("offset"), fields.get("length")]));
    if (!this.#externalData)
      throw fail(
        "its data",
        `a file ${describe(location)}`,
        "Pass { externalData: (location, offset, length) => bytes }",
      );
    const bytes: unknown = this.#externalData(location, offset, length);
    if (!isTagged(bytes, "Uint8Array") || bytes.length !== length) {
      const expected = `a Uint8Array of ${length} bytes of ${describe(location)}`;
      const got = isTagged(bytes, "Uint8Array") ? `${bytes.length} bytes` : describe(bytes);
      throw new ArgumentError(expectation(this.#reading.where, "externalData", expected, got));
    }
    this.#room += 2 * length;
    return bytes;
  }
}

/** Whether a location stays in its folder: no absolute path, no drive, no "..", no protocol. */
const isInside = (location: string): boolean =>
  location !== "" && !/^[/\\]|[:\0]/.test(location) && !location.split(/[/\\]/).includes("..");

function integers(dtype: Dtype, raw: Uint8Array): Float64Array {
  const size = dtypeSize(dtype);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const data = new Float64Array(raw.length / size);
  const isSigned = dtype[0] === "I";
  for (let i = 0; i < data.length; i++) {
    const at = i * size;
    if (size === 1) data[i] = isSigned ? view.getInt8(at) : view.getUint8(at);
    else if (size === 2) data[i] = isSigned ? view.getInt16(at, true) : view.getUint16(at, true);
    else if (size === 4) data[i] = isSigned ? view.getInt32(at, true) : view.getUint32(at, true);
    else data[i] = Number(isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  }
  return data;
}
