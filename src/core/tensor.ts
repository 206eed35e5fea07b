/** Tensors at the public edge, and what is accepted in their place. */
import { describe, expectation, ShapeError } from "./errors.js";
import { formatShape, numel, type Shape } from "./shape.js";

/** Numbers and their shape, row-major: the last dimension varies fastest. */
export interface Tensor {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

/** Numbers in batches: flat (the batch size follows from the length), with a shape, or nested arrays. */
export type TensorLike = ArrayLike<number> | { data: ArrayLike<number>; shape: Shape } | NestedArray;
/** Arrays of arrays of numbers, all rows of a level equally long. */
export type NestedArray = readonly (number | NestedArray | ArrayLike<number>)[];

export interface Batch {
  data: ArrayLike<number>;
  batchSize: number;
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" && value !== null && "length" in value && typeof value.length === "number";

/** Whether all elements are numbers: for a typed array its kind decides; other arrays are searched. */
export function isNumeric(data: unknown): data is ArrayLike<number> {
  if (ArrayBuffer.isView(data))
    return "length" in data && !(data instanceof BigInt64Array || data instanceof BigUint64Array);
  if (!isList(data)) return false;
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== "number") return false;
  return true;
}

const isTensor = (x: unknown): x is { data: ArrayLike<number>; shape: Shape } =>
  typeof x === "object" && x !== null && "data" in x && "shape" in x && Array.isArray(x.shape);

/** Reads `x` as a batch of samples of `sampleShape`. Throws `ShapeError` with both shapes. */
export function toBatch(where: string, name: string, x: TensorLike, sampleShape: Shape): Batch {
  const size = numel(sampleShape);
  const expected = `[n${sampleShape.map((s) => `, ${s}`).join("")}] with n at least 1`;
  const refuse = (got: unknown): never => {
    throw new ShapeError(expectation(where, name, expected, got));
  };
  if (isTensor(x)) {
    const { shape } = x;
    const fits =
      shape.length === sampleShape.length + 1 && sampleShape.every((s, i) => s === shape[i + 1]) && shape[0] >= 1;
    if (!fits || !Number.isInteger(shape[0])) refuse(formatShape(shape));
    if (x.data?.length !== numel(shape)) refuse(`${x.data?.length} numbers for shape ${formatShape(shape)}`);
    if (!isNumeric(x.data)) refuse(describe(x.data));
    return { data: x.data, batchSize: shape[0] };
  }
  if (Array.isArray(x) && typeof x[0] !== "number") {
    const rows: NestedArray = x;
    const shape = nestedShape(rows);
    const data = new Float32Array(shape === null ? 0 : numel(shape));
    if (shape === null || !fillNested(rows, shape, 0, data, { at: 0 })) return refuse("ragged or empty nested arrays");
    return toBatch(where, name, { data, shape }, sampleShape);
  }
  if (!isList(x)) return refuse(x);
  const flat: ArrayLike<unknown> = x;
  if (flat.length === 0 || flat.length % size !== 0)
    refuse(`${flat.length} numbers, not a positive multiple of ${size}`);
  if (!isNumeric(flat)) return refuse(describe(flat));
  return { data: flat, batchSize: flat.length / size };
}

function nestedShape(x: NestedArray): number[] | null {
  const shape: number[] = [];
  for (let level: unknown = x; typeof level !== "number"; level = level[0]) {
    if (!isList(level) || level.length === 0 || shape.length > 8) return null;
    shape.push(level.length);
  }
  return shape;
}

function fillNested(
  x: NestedArray | ArrayLike<number>,
  shape: Shape,
  depth: number,
  data: Float32Array,
  cursor: { at: number },
): boolean {
  if (x?.length !== shape[depth]) return false;
  for (let i = 0; i < x.length; i++) {
    const item = x[i];
    if (depth === shape.length - 1) {
      if (typeof item !== "number") return false;
      data[cursor.at++] = item;
    } else if (typeof item === "number" || !fillNested(item, shape, depth + 1, data, cursor)) return false;
  }
  return true;
}
