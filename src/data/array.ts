/** Datasets held in memory. */
import { ArgumentError, DataError, describe, expectation, ShapeError } from "../core/errors.js";
import { as, integer, list, type Option, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, numel } from "../core/shape.js";
import { type ClassDataset, checkBuffers, type Dataset, type ValueDataset } from "./dataset.js";
import { describeDataset } from "./description.js";

/** Example after example, flat or as rows. Bytes stay bytes in memory and become value / 255 in a batch. */
export type InputData = Float32Array | Float64Array | Bytes | readonly number[] | readonly (readonly number[])[];
type Bytes = Uint8Array | Uint8ClampedArray;

interface Inputs {
  x: InputData;
  inputShape: readonly number[];
}

/** Samples in arrays with a class each. */
export interface ClassArrays extends Inputs {
  /** One class index per example. */
  y: ArrayLike<number>;
  /** How many classes there are. */
  classes: number;
  classNames?: readonly string[];
}

/** Samples in arrays with rows of numbers as targets. */
export interface ValueArrays extends Inputs {
  /** size(targetShape) numbers per example. */
  y: ArrayLike<number>;
  /** [1] by default. */
  targetShape?: readonly number[];
}

/** A dataset of arrays in memory: of classes where `classes` is given, of numbers otherwise. Copies numbers, not bytes. */
export function arrayDataset(options: ClassArrays): ClassDataset;
export function arrayDataset(options: ValueArrays): ValueDataset;
export function arrayDataset(options: ClassArrays | ValueArrays): Dataset {
  const all = readOptions(where, options, schema);
  const { inputShape } = all;
  const size = numel(inputShape);
  const x = inputArray(all.x, size);
  const length = x.length / size;
  if (length === 0) throw new DataError(expectation(where, "x", "at least one example", "none"));
  if (!Number.isInteger(length)) {
    const expected = `a multiple of ${size} values, for ${formatShape(inputShape)}`;
    throw new ShapeError(expectation(where, "x", expected, `${x.length}`));
  }
  if (all.y === null || typeof all.y !== "object" || typeof all.y.length !== "number") {
    throw new ArgumentError(expectation(where, "y", "an array", describe(all.y)));
  }
  const fill = x instanceof Float32Array ? floatsInto(x, size) : bytesInto(x, size);
  if (all.classes === undefined) {
    const { targetShape = [1] } = all;
    const rows = valueTargets(all.y, length, targetShape);
    const copyRow = floatsInto(rows, numel(targetShape));
    const get: Dataset["get"] = (indices, xOut, yOut) => {
      checkBuffers(dataset, indices, xOut, yOut);
      expectHere(x);
      for (let i = 0; i < indices.length; i++) {
        fill(indices[i], xOut, i);
        copyRow(indices[i], yOut as Float32Array, i);
      }
    };
    const dataset: ValueDataset = { length, inputShape, targets: "values", targetShape, get };
    return describeDataset(dataset, () => ({ type: "array", options: { x, y: rows, inputShape, targetShape } }));
  }
  const { classes, classNames } = all;
  if (all.targetShape)
    throw new ArgumentError(expectation(where, "targetShape", "none beside classes", all.targetShape));
  if (classNames && classNames.length !== classes) {
    throw new ArgumentError(expectation(where, "classNames", `${classes} names`, classNames.length));
  }
  const labels = classTargets(all.y, length, classes);
  const get: Dataset["get"] = (indices, xOut, yOut) => {
    checkBuffers(dataset, indices, xOut, yOut);
    expectHere(x);
    for (let i = 0; i < indices.length; i++) {
      fill(indices[i], xOut, i);
      yOut[i] = labels[indices[i]];
    }
  };
  const dataset: ClassDataset = { length, inputShape, targets: "class", classes, classNames, get };
  return describeDataset(dataset, () => ({
    type: "array",
    options: { x, y: labels, inputShape, classes, classNames },
  }));
}

/** An array that was transferred has no elements any more. */
function expectHere(x: ArrayLike<number>): void {
  if (x.length === 0)
    throw new DataError(expectation("get", "x", "an array of this thread", "one transferred to another"));
}

const where = "arrayDataset";

const sizes: Option<readonly number[]> = (_, name, shape) => {
  const valid = Array.isArray(shape) && shape.length > 0 && shape.every((size) => Number.isInteger(size) && size > 0);
  if (!valid) throw new ShapeError(expectation(where, name, "an array of positive sizes", describe(shape)));
  return [...shape];
};

const schema = () =>
  ({
    x: as<InputData>(),
    y: as<ArrayLike<number>>(),
    inputShape: sizes,
    classes: optional(integer({ min: 1 })),
    classNames: optional(list(text)),
    targetShape: optional(sizes),
  }) satisfies Schema<Partial<ClassArrays> & ValueArrays>;

function inputArray(x: unknown, size: number): Float32Array | Bytes {
  if (x instanceof Uint8Array || x instanceof Uint8ClampedArray) return x;
  let numbers: Float32Array;
  if (x instanceof Float32Array || x instanceof Float64Array) numbers = Float32Array.from(x);
  else if (!Array.isArray(x)) {
    throw new ArgumentError(expectation(where, "x", "a Float32Array, Float64Array, bytes or an array", describe(x)));
  } else if (Array.isArray(x[0])) {
    const bad = x.findIndex((row) => !Array.isArray(row) || row.length !== size);
    if (bad >= 0) throw new ShapeError(expectation(where, `x[${bad}]`, `a row of ${size} numbers`, describe(x[bad])));
    numbers = Float32Array.from(x.flat());
  } else numbers = Float32Array.from(x);
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const at = `x of example ${Math.floor(bad / size)}, value ${bad % size}`;
    throw new DataError(expectation(where, at, "a finite number", numbers[bad]));
  }
  return numbers;
}

function classTargets(y: ArrayLike<number>, length: number, classes: number): Int32Array {
  if (y.length !== length) throw new ShapeError(expectation(where, "y", `${length} class indices`, y.length));
  const labels = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const label = y[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new DataError(expectation(where, `y[${i}]`, `a class from 0 to ${classes - 1}`, describe(label)));
    }
    labels[i] = label;
  }
  return labels;
}

function valueTargets(y: ArrayLike<number>, length: number, targetShape: readonly number[]): Float32Array {
  const expected = length * numel(targetShape);
  if (y.length !== expected) {
    const values = `${expected} values, ${formatShape(targetShape)} for each of ${length} examples`;
    throw new ShapeError(expectation(where, "y", values, y.length));
  }
  const rows = Float32Array.from(y);
  const bad = rows.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DataError(expectation(where, `y[${bad}]`, "a finite number", describe(y[bad])));
  return rows;
}

type Fill = (index: number, out: Float32Array, slot: number) => void;

const floatsInto =
  (data: Float32Array, size: number): Fill =>
  (index, out, slot) => {
    const from = index * size;
    const to = slot * size;
    for (let i = 0; i < size; i++) out[to + i] = data[from + i];
  };

const bytesInto =
  (data: Bytes, size: number): Fill =>
  (index, out, slot) => {
    const from = index * size;
    const to = slot * size;
    for (let i = 0; i < size; i++) out[to + i] = data[from + i] / 255;
  };
