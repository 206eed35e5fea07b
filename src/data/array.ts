/** Datasets held in memory. */
import { ArgumentError, DataError, describe, expectation, ShapeError } from "../core/errors.js";
import { as, integer, list, type Option, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, numel, type Shape, sameShape } from "../core/shape.js";
import { isBytes } from "../core/tag.js";
import { expectNoCanvas, type Refuse, readNumbers, type TensorLike } from "../core/tensor.js";
import {
  type ClassDataset,
  checkBuffers,
  type Dataset,
  expectWeights,
  trustLabels,
  type ValueDataset,
} from "./dataset.js";
import { describeDataset } from "./description.js";

/**
 * Example after example: flat, as rows (arrays or typed arrays), nested, or { data, shape }. Uint8Array and
 * Uint8ClampedArray stay bytes in memory and become value / 255 in a batch; all other numbers are taken as they are.
 */
export type InputData = TensorLike;
type Bytes = Uint8Array | Uint8ClampedArray;

interface Inputs {
  x: InputData;
  inputShape: readonly number[];
  /** How often each example counts in the loss, at least 0. Default: all 1. */
  weights?: ArrayLike<number>;
}

/** Samples in arrays with a class each, or a map of classes. */
export interface ClassArrays extends Inputs {
  /** size(targetShape) class indices per example: flat, as rows, nested, or { data, shape: [n, …targetShape] }. */
  y: TensorLike;
  /** Shape of an example's labels where it has several, such as [h, w] with a label a pixel. Default: one label. */
  targetShape?: readonly number[];
  /** A label beside the classes, of what the loss shall leave out, as `crossEntropy({ ignoreIndex })`. Default: none. */
  ignoreIndex?: number;
  /** How many classes there are. */
  classes: number;
  classNames?: readonly string[];
}

/** Samples in arrays with rows of numbers as targets. */
export interface ValueArrays extends Inputs {
  /** size(targetShape) numbers per example: flat, as rows, nested, or { data, shape: [n, …targetShape] }. */
  y: TensorLike;
  /** [1] by default. */
  targetShape?: readonly number[];
  /** What the numbers of a row are called, where they are probabilities of classes. */
  classNames?: readonly string[];
}

/**
 * A dataset of arrays in memory: of classes where `classes` is given, of numbers otherwise. Copies numbers, not bytes.
 *
 * @example
 * const dataset = arrayDataset({ x: [[0, 1], [1, 0]], y: [0, 1], inputShape: [2], classes: 2 });
 */
export function arrayDataset(options: ClassArrays): ClassDataset;
export function arrayDataset(options: ValueArrays): ValueDataset;
export function arrayDataset(options: ClassArrays | ValueArrays): Dataset {
  const all = readOptions(where, options, schema);
  const { inputShape } = all;
  const size = numel(inputShape);
  const x = inputArray(all.x, inputShape);
  const length = x.length / size;
  const { weights } = all;
  if (weights && weights.length !== length)
    throw new ShapeError(expectation(where, "weights", `${length} numbers`, weights.length));
  const weighing = weights && { getWeights: gatherFrom(weights) };
  const fill = isBytes(x) ? bytesInto(x, size) : floatsInto(x, size);
  const { classes, classNames } = all;
  const expectNames = (count: number) => {
    if (classNames && classNames.length !== count)
      throw new ArgumentError(expectation(where, "classNames", `${count} names`, classNames.length));
  };
  if (classes === undefined) {
    const { targetShape = [1] } = all;
    expectNames(targetShape[targetShape.length - 1]);
    const rows = valueTargets(all.y, length, targetShape);
    const copyRow = floatsInto(rows, numel(targetShape));
    const get: Dataset["get"] = (indices, xOut, yOut, epoch) => {
      checkBuffers(dataset, indices, xOut, yOut, epoch);
      expectHere(x);
      for (let i = 0; i < indices.length; i++) {
        fill(indices[i], xOut, i);
        copyRow(indices[i], yOut as Float32Array, i);
      }
    };
    if (all.ignoreIndex !== undefined)
      throw new ArgumentError(expectation(where, "ignoreIndex", "none without classes", all.ignoreIndex));
    const dataset: ValueDataset = {
      length,
      inputShape,
      targets: "values",
      targetShape,
      ...(classNames && { classNames }),
      get,
      ...weighing,
    };
    const options = { x, y: rows, inputShape, targetShape, classNames, weights };
    return describeDataset(dataset, () => ({ type: "array", options }));
  }
  const { targetShape, ignoreIndex } = all;
  expectNames(classes);
  const labels = classTargets(all.y, length, { classes, inputShape, targetShape, ignoreIndex });
  const each = numel(targetShape ?? []);
  const get: Dataset["get"] = (indices, xOut, yOut, epoch) => {
    checkBuffers(dataset, indices, xOut, yOut, epoch);
    expectHere(x);
    for (let i = 0; i < indices.length; i++) {
      fill(indices[i], xOut, i);
      for (let j = 0; j < each; j++) yOut[i * each + j] = labels[indices[i] * each + j];
    }
  };
  const targets = { classes, classNames, ...(targetShape && { targetShape }), ignoreIndex };
  const dataset: ClassDataset = { length, inputShape, targets: "class", ...targets, get, ...weighing };
  return describeDataset(
    trustLabels(dataset, () => labels),
    () => ({
      type: "array",
      options: { x, y: labels, inputShape, ...targets, weights },
    }),
  );
}

/** Writes the numbers of some examples, one each. */
const gatherFrom =
  (values: Float32Array): NonNullable<Dataset["getWeights"]> =>
  (indices, out) => {
    for (let i = 0; i < indices.length; i++) out[i] = values[indices[i]];
  };

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
    y: as<TensorLike>(),
    inputShape: sizes,
    classes: optional(integer({ min: 1 })),
    classNames: optional(list(text)),
    targetShape: optional(sizes),
    ignoreIndex: optional(integer({ min: -(2 ** 31) })),
    weights: optional(sampleWeights),
  }) satisfies Schema<Partial<ClassArrays> & ValueArrays>;

const sampleWeights: Option<Float32Array, ArrayLike<number>> = (_, name, given) => {
  const { data } = readNumbers(given, refuseAs(name));
  return expectWeights(where, Float32Array.from(data));
};

/** The error of an argument, or of its first part, that is not numbers. */
const refuseAs =
  (name: string): Refuse =>
  (got, { at = "", row, hint } = {}) => {
    if (row !== undefined)
      return new ShapeError(expectation(where, `${name}${at}`, `a row of ${row} numbers`, got, { hint }));
    const expected = at === "" ? "an array, a typed array, rows of either or { data, shape }" : "a number";
    const Kind = at === "" ? ArgumentError : DataError;
    return new Kind(expectation(where, `${name}${at}`, expected, got, { hint }));
  };

/** A sample of its own shape, or as a row of its numbers. */
const isBatch = ([, ...sample]: Shape, sampleShape: Shape): boolean =>
  sameShape(sample, sampleShape) || (sample.length === 1 && sample[0] === numel(sampleShape));

/** All samples in one array. */
function inputArray(given: unknown, inputShape: Shape): Float32Array | Bytes {
  const size = numel(inputShape);
  const { data, shape } = readNumbers(given, refuseAs("x"));
  if (data.length === 0) throw new DataError(expectation(where, "x", "at least one example", "none"));
  if (shape && !isBatch(shape, inputShape)) {
    const expected = `[n${inputShape.map((side) => `, ${side}`).join("")}]`;
    throw new ShapeError(expectation(where, "x", expected, formatShape(shape)));
  }
  if (data.length % size !== 0) {
    const expected = `a multiple of ${size} values, for ${formatShape(inputShape)}`;
    throw new ShapeError(expectation(where, "x", expected, `${data.length}`));
  }
  if (shape === null) expectNoCanvas(where, "x", data, inputShape);
  if (isBytes(data)) return data;
  const numbers = Float32Array.from(data);
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return numbers;
  const at = `x of example ${Math.floor(bad / size)}, value ${bad % size}`;
  throw new DataError(expectation(where, at, "a finite number", numbers[bad]));
}

interface ClassTargets {
  classes: number;
  inputShape: Shape;
  targetShape: Shape | undefined;
  ignoreIndex: number | undefined;
}

function classTargets(
  given: unknown,
  length: number,
  { classes, inputShape, targetShape, ignoreIndex }: ClassTargets,
): Int32Array {
  const { data: y, shape } = readNumbers(given, refuseAs("y"));
  const count = length * numel(targetShape ?? []);
  if (targetShape && (shape ? !(shape[0] === length && isBatch(shape, targetShape)) : y.length !== count)) {
    const expected = `${count} class indices, ${formatShape(targetShape)} for each of ${length} examples`;
    throw new ShapeError(expectation(where, "y", expected, shape ? formatShape(shape) : y.length));
  }
  if (!targetShape && shape && !(shape[0] === length && y.length === length)) {
    const hint =
      "Rows of probabilities are targets without classes, with targetShape: [classes]; several labels for each example " +
      "have a targetShape beside classes";
    const expected = `[${length}], one class index for each example`;
    throw new ShapeError(expectation(where, "y", expected, formatShape(shape), { hint }));
  }
  if (y.length !== count) {
    const hint = `x holds ${length} example${length === 1 ? "" : "s"} of ${formatShape(inputShape)}`;
    throw new ShapeError(expectation(where, "y", `${length} class indices`, y.length, { hint }));
  }
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = y[i];
    if (label !== ignoreIndex && !(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new DataError(expectation(where, `y[${i}]`, `a class from 0 to ${classes - 1}`, describe(label)));
    }
    labels[i] = label;
  }
  return labels;
}

function valueTargets(given: unknown, length: number, targetShape: Shape): Float32Array {
  const { data: y, shape } = readNumbers(given, refuseAs("y"));
  const expected = length * numel(targetShape);
  const values = `${expected} values, ${formatShape(targetShape)} for each of ${length} examples`;
  const isColumn = shape?.length === 1 && numel(targetShape) === 1;
  if (shape && !(shape[0] === length && (isColumn || isBatch(shape, targetShape)))) {
    const hint = shape[0] === length ? `Is it targetShape: ${formatShape(shape.slice(1))}?` : undefined;
    throw new ShapeError(expectation(where, "y", values, formatShape(shape), { hint }));
  }
  if (y.length !== expected) throw new ShapeError(expectation(where, "y", values, y.length));
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
