/** Tensors at the public edge, and what is accepted in their place. */
import { describe, expectation, type ResnetWasmError, ShapeError } from "./errors.js";
import { formatShape, numel, type Shape, sameShape } from "./shape.js";
import { isBytes, tagOf, UNWRAP } from "./tag.js";

/** Numbers and their shape, row-major: the last dimension varies fastest. */
export interface Tensor {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

/** Numbers in batches: flat (the batch size follows from the length), with a shape, or nested arrays. */
export type TensorLike = ArrayLike<number> | { data: ArrayLike<number>; shape: Shape } | NestedArray;
/** Arrays of arrays of numbers, plain or typed, all rows of a level equally long. */
export type NestedArray = readonly (number | NestedArray | ArrayLike<number>)[];

export interface Batch {
  data: ArrayLike<number>;
  batchSize: number;
}

/** Numbers as they were given; `shape` is null where they are flat. */
export interface Numbers {
  data: ArrayLike<number>;
  shape: readonly number[] | null;
}

/**
 * The error for what was got instead; `at` is where in the argument, "[3][0]" for example, and `row` the length that a row
 * should have there.
 */
export type Refuse = (got: string, more?: { at?: string; row?: number; hint?: string }) => ResnetWasmError;

const NUMBERS = /^(Float(16|32|64)|Uint8Clamped|(Ui|I)nt(8|16|32))Array$/;
const MOST_LEVELS = 8;

/** Whether something is a typed array of numbers, of whatever realm; those of big integers are not. */
function isTypedNumbers(value: unknown): value is ArrayLike<number> & ArrayBufferView {
  return ArrayBuffer.isView(value) && NUMBERS.test(tagOf(value));
}

const hasCount = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" && value !== null && isCount((value as ArrayLike<unknown>).length);

/** Whether something is an array, of whatever kind. The length of a typed array cannot be read through a proxy. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  try {
    return hasCount(value);
  } catch {
    return false;
  }
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

/** Whether all elements are numbers: for a typed array its kind decides; other arrays are searched. */
export function isNumeric(data: unknown): data is ArrayLike<number> {
  if (ArrayBuffer.isView(data)) return isTypedNumbers(data);
  return isList(data) && firstOther(data) < 0;
}

/** Where the first element is that is no number, -1 where all are. */
function firstOther(list: ArrayLike<unknown>): number {
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== "number") return i;
  return -1;
}

/**
 * Reads typed arrays, arrays, rows of either, and { data, shape }. Null, booleans, strings and big integers are no numbers:
 * `refuse` makes the error of the first. Nothing is copied but rows.
 */
export function readNumbers(given: unknown, refuse: Refuse): Numbers {
  if (isTensor(given)) {
    const shape = Array.from(given.shape as ArrayLike<number>);
    const data = flatNumbers(given.data, refuse);
    if (!shape.every(isCount)) throw refuse(formatShape(shape));
    if (data.length !== numel(shape)) throw refuse(`${data.length} numbers for shape ${formatShape(shape)}`);
    return { data, shape };
  }
  if (Array.isArray(given) && isList(given[0])) return readRows(given, refuse);
  return { data: flatNumbers(given, refuse), shape: null };
}

const isTensor = (x: unknown): x is { data: unknown; shape: unknown } =>
  typeof x === "object" && x !== null && "data" in x && "shape" in x && isNumeric(x.shape);

function flatNumbers(given: unknown, refuse: Refuse): ArrayLike<number> {
  if (isTypedNumbers(given)) return given;
  if (/^Big/.test(tagOf(given))) {
    const hint = "Convert them: Float32Array.from(x, Number)";
    throw refuse(describe(given), { hint });
  }
  if (ArrayBuffer.isView(given) || /^(Shared)?ArrayBuffer$/.test(tagOf(given))) throw refuse(describe(given));
  if (!hasLength(given, refuse)) throw refuse(describe(given));
  const other = firstOther(given);
  if (other >= 0) throw refuse(describe(given[other]), { at: `[${other}]` });
  return given as ArrayLike<number>;
}

/** The length of a typed array cannot be read through a proxy. */
function hasLength(given: unknown, refuse: Refuse): given is ArrayLike<unknown> {
  try {
    return hasCount(given);
  } catch (error) {
    throw Object.assign(refuse("a proxy", { hint: `Give the array ${UNWRAP}` }), { cause: error });
  }
}

function readRows(rows: readonly unknown[], refuse: Refuse): Numbers {
  const shape: number[] = [];
  for (let level: unknown = rows; isList(level); level = level[0]) {
    if (level.length === 0 || shape.length >= MOST_LEVELS) throw refuse("ragged or empty nested arrays");
    shape.push(level.length);
  }
  const data = rowsOfBytes(rows, shape) ? new Uint8Array(numel(shape)) : new Float32Array(numel(shape));
  let next = 0;
  const fill = (list: unknown, depth: number, at: string): void => {
    if (ArrayBuffer.isView(list) && !isTypedNumbers(list))
      flatNumbers(list, (got, more) => refuse(got, { ...more, at }));
    if (!isList(list) || list.length !== shape[depth]) throw refuse(describe(list), { at, row: shape[depth] });
    if (isTypedNumbers(list) && depth === shape.length - 1) {
      data.set(list, next);
      next += list.length;
      return;
    }
    for (let i = 0; i < list.length; i++) {
      const item = list[i];
      if (depth < shape.length - 1) fill(item, depth + 1, `${at}[${i}]`);
      else if (typeof item === "number") data[next++] = item;
      else throw refuse(describe(item), { at: `${at}[${i}]` });
    }
  };
  fill(rows, 0, "");
  return { data, shape };
}

/** Bytes stay bytes, so that their meaning stays the same. */
const rowsOfBytes = (rows: readonly unknown[], shape: Shape): boolean =>
  shape.length === 2
    ? rows.every(isBytes)
    : shape.length > 2 && rows.every((row) => Array.isArray(row) && row.every((part) => isBytes(part)));

/** Reads `x` as a batch of samples of `sampleShape`. Throws `ShapeError` with both shapes. */
export function toBatch(where: string, name: string, x: TensorLike, sampleShape: Shape): Batch {
  const size = numel(sampleShape);
  const expected = `[n${sampleShape.map((s) => `, ${s}`).join("")}] with n at least 1`;
  const refuse: Refuse = (got, { at = "", row, hint } = {}) => {
    const place = at === "" ? got : `${got} at ${at}`;
    return new ShapeError(
      expectation(where, name, expected, row === undefined ? place : `ragged rows: ${place}`, { hint }),
    );
  };
  const { data, shape } = readNumbers(x, refuse);
  if (shape) {
    if (!sameShape(shape.slice(1), sampleShape) || shape[0] < 1) throw refuse(formatShape(shape));
    return { data, batchSize: shape[0] };
  }
  if (data.length === 0 || data.length % size !== 0)
    throw refuse(data.length === 0 ? "0 numbers, an empty array" : `${data.length} numbers, not a multiple of ${size}`);
  expectNoCanvas(where, name, data, sampleShape);
  return { data, batchSize: data.length / size };
}

/** A canvas gives red, green, blue and alpha of each pixel: they are no samples of fewer channels. */
export function expectNoCanvas(where: string, name: string, data: ArrayLike<number>, sampleShape: Shape): void {
  const channels = sampleShape[2];
  const isCanvas = tagOf(data) === "Uint8ClampedArray" && data.length % 4 === 0;
  if (sampleShape.length !== 3 || channels === 4 || !isCanvas || data.length === numel(sampleShape)) return;
  const hint = "transformImage of resnet-wasm/data makes an input of a picture; { data, shape } says what bytes are";
  const got = `Uint8ClampedArray(${data.length}), the RGBA bytes of ${data.length / 4} pixels`;
  throw new ShapeError(expectation(where, name, `samples of ${formatShape(sampleShape)}`, got, { hint }));
}
