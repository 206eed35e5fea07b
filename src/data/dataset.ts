/** What training reads from. A dataset fills buffers that the caller made once; it allocates nothing per batch. */
import { expectInteger } from "../core/check.js";
import { ArgumentError, DataError, describe, expectation, ShapeError } from "../core/errors.js";
import { formatShape, numel } from "../core/shape.js";
import { tagOf } from "../core/tag.js";
import { isList } from "../core/tensor.js";

interface DatasetBase {
  readonly length: number;
  /** Shape of one example without the batch: [784], or [height, width, channels] for images (NHWC). */
  readonly inputShape: readonly number[];
  /**
   * Writes the examples `indices` one after the other: `x` gets indices.length · size(inputShape) values; `y` gets
   * indices.length · size(targetShape) values (Float32Array) or class indices, one each by default. Class indices go to an
   * Int32Array or, from datasets of your own, to an array that shows what is no integer: fill it, do not replace it.
   * `epoch` numbers the pass over the data: random augmentation is a function of (seed, epoch, index) alone, so a
   * resumed run sees what an uninterrupted one would have seen. Datasets without randomness ignore it.
   */
  get(indices: ArrayLike<number>, x: Float32Array, y: Int32Array | Float32Array, epoch?: number): void;
  /** What the classes are called, in the order of their indices, or of the numbers in a row of probabilities. */
  readonly classNames?: readonly string[] | undefined;
  /**
   * Writes the weights of the examples `indices`, one each, of at least 0: how often an example counts in the loss, 2 for one
   * that is there twice. Keras' `sample_weight`, but that the mean is divided by the sum of the weights. Default: all 1.
   */
  getWeights?(indices: ArrayLike<number>, weights: Float32Array): void;
  /**
   * Loads what a following `get` of the same indices needs (files, decoding), so that `get` need not block. `next` are the samples
   * that will be asked for after these, as far as is known: the rest of an epoch of `fit`.
   */
  prefetch?(indices: ArrayLike<number>, epoch?: number, next?: ArrayLike<number>): Promise<void>;
}

/** Targets are class indices 0 … classes - 1, written to `y` of `get` as integers. */
export interface ClassDataset extends DatasetBase {
  readonly targets: "class";
  readonly classes: number;
  /** Shape of one example's labels where it has several: [h, w] with a label a pixel. Default: one label. */
  readonly targetShape?: readonly number[] | undefined;
  /** A label beside the classes, of what the loss shall leave out: `crossEntropy({ ignoreIndex })`. Default: none. */
  readonly ignoreIndex?: number | undefined;
}

/** Targets are rows of numbers (regression, or probabilities of classes); `y` of `get` is a Float32Array. */
export interface ValueDataset extends DatasetBase {
  readonly targets: "values";
  readonly targetShape: readonly number[];
}

/** Samples to train on. One of your own implements one of the two. */
export type Dataset = ClassDataset | ValueDataset;

/** What keeps an argument from being a dataset, as a message; undefined where it is one. */
export function notDataset(where: string, dataset: unknown): string | undefined {
  const given: Partial<Record<string, unknown>> = Object(dataset);
  const isShape = (value: unknown): boolean =>
    Array.isArray(value) && value.every((side) => Number.isInteger(side) && side > 0);
  const isOfClasses = given.targets === "class";
  const hasNone = isOfClasses && given.targetShape === undefined;
  const fault = (name: string, holds: boolean, expected: string) =>
    holds ? undefined : expectation(where, `dataset.${name}`, expected, describe(given[name]));
  // The length last: proxies of arrays throw where it is read.
  return typeof given.get === "function"
    ? (fault("inputShape", isShape(given.inputShape), "sizes") ??
        fault("targets", isOfClasses || given.targets === "values", '"class" or "values"') ??
        fault("classes", !isOfClasses || Number.isInteger(given.classes), "a number") ??
        fault("targetShape", hasNone || isShape(given.targetShape), "sizes") ??
        fault("length", Number.isSafeInteger(given.length), "a number"))
    : expectation(where, "dataset", "a Dataset, from arrayDataset for example", describe(dataset));
}

/** Checks that an argument is a dataset, of this library or one's own. */
export function expectDataset(where: string, dataset: unknown): void {
  const fault = notDataset(where, dataset);
  if (fault !== undefined) throw new ArgumentError(fault);
}

type Labels = ArrayLike<number> | undefined;

/** What a dataset says of its targets, for one that has the same. */
export const targetsOf = (dataset: Dataset) =>
  dataset.targets === "class"
    ? (({ targets, classes, classNames, targetShape, ignoreIndex }) => ({
        ...{ targets, classes, classNames },
        ...(targetShape && { targetShape }),
        ...(ignoreIndex !== undefined && { ignoreIndex }),
      }))(dataset)
    : (({ targets, targetShape, classNames }) => ({ targets, targetShape, ...(classNames && { classNames }) }))(
        dataset,
      );

/** How many class indices or values an example has. */
export const targetSize = ({ targetShape }: Dataset): number => numel(targetShape ?? []);

/** Datasets whose labels were checked when they were made, and these labels, of all examples, where they are known. */
const trusted = new WeakMap<Dataset, () => Labels>();

/** For datasets of this library: their labels are class indices already. */
export function trustLabels<D extends Dataset>(dataset: D, labels: () => Labels): D {
  trusted.set(dataset, labels);
  return dataset;
}

/** The class of every example, where each has one and no sample has to be read for it. */
export const labelsOf = (dataset: Dataset): Labels =>
  dataset.targets === "class" && !dataset.targetShape ? trusted.get(dataset)?.() : undefined;

/** What own datasets write labels to: an Int32Array makes classes of NaN (0), 1.7 (1) and 2^32 + 1 (1). */
const written = new WeakMap<Dataset, Float64Array>();

/**
 * Fills a batch. Refuses a `get` that promises to: the arrays would be read before they are filled. Refuses labels that are
 * no 32-bit integers, or were not written, with the first.
 */
export function getBatch(
  dataset: Dataset,
  indices: ArrayLike<number>,
  x: Float32Array,
  y: Int32Array | Float32Array,
  epoch?: number,
): void {
  const own = !trusted.has(dataset);
  const unchecked = own && dataset.targets === "class";
  const labels = unchecked ? labelsFor(dataset, y) : y;
  if (own) {
    // What is not written is no number, in place of what the last batch has left.
    labels.fill(Number.NaN, 0, indices.length * targetSize(dataset));
    for (let i = 0; i < indices.length; i++) x[i * numel(dataset.inputShape)] = Number.NaN;
  }
  const result: unknown = dataset.get(indices, x, labels as Float32Array, epoch);
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === "function") {
    const hint = "Load in prefetch, which may be async, and copy in get";
    throw new DataError(expectation("get", "result", "none, with x and y filled", "a promise", { hint }));
  }
  if (!unchecked) return;
  for (let i = 0; i < indices.length * targetSize(dataset); i++) {
    if ((labels[i] | 0) !== labels[i])
      throw new DataError(expectation("get", `y[${i}]`, "a class index", describe(labels[i])));
    y[i] = labels[i];
  }
}

function labelsFor(dataset: Dataset, { length }: ArrayLike<number>): Float64Array {
  const known = written.get(dataset);
  if (known?.length === length) return known;
  const labels = new Float64Array(length);
  written.set(dataset, labels);
  return labels;
}

/** The weights of samples of a dataset, checked; undefined where it has none. */
export function sampleWeights(where: string, dataset: Dataset, indices: ArrayLike<number>): Float32Array | undefined {
  if (!dataset.getWeights) return undefined;
  const weights = new Float32Array(indices.length).fill(Number.NaN);
  dataset.getWeights(indices, weights);
  return expectWeights(where, weights, indices);
}

/** Throws `DataError` on the first weight that is none. */
export function expectWeights<W extends ArrayLike<number>>(where: string, weights: W, samples?: ArrayLike<number>): W {
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] >= 0 && weights[i] < Infinity) continue;
    const place = samples ? ` (sample ${samples[i]} of the dataset)` : "";
    throw new DataError(expectation(where, `weights[${i}]`, "a number of at least 0", `${weights[i]}${place}`));
  }
  return weights;
}

/** Examples that are asked for, as an array of indices into `length`. */
export function expectIndices(where: string, indices: unknown, length: number, what = "an index"): Int32Array {
  const given = indices as ArrayLike<unknown>;
  if (!isList(indices))
    throw new ArgumentError(expectation(where, "indices", "an array of indices", describe(indices)));
  const valid = (index: unknown): index is number =>
    typeof index === "number" && Number.isInteger(index) && index >= 0 && index < length;
  for (let i = 0; i < given.length; i++)
    if (!valid(given[i])) {
      const range = `${what} from 0 to ${length - 1}`;
      throw new ArgumentError(expectation(where, `indices[${i}]`, range, describe(given[i])));
    }
  return Int32Array.from({ length: given.length }, (_, i) => given[i] as number);
}

/** Checks what `get` was given; every dataset of this library begins with it. */
export function checkBuffers(
  dataset: Dataset,
  indices: ArrayLike<number>,
  x: Float32Array,
  y: Int32Array | Float32Array,
  epoch?: number,
): void {
  const { length, inputShape } = dataset;
  if (epoch !== undefined) expectInteger("get", "epoch", epoch, 0, Number.MAX_SAFE_INTEGER);
  if (!isList(indices))
    throw new ArgumentError(expectation("get", "indices", "an array of indices", describe(indices)));
  const n = indices.length;
  for (let i = 0; i < n; i++) {
    const index = indices[i];
    if (!(Number.isInteger(index) && index >= 0 && index < length)) {
      throw new ArgumentError(expectation("get", `indices[${i}]`, `an index from 0 to ${length - 1}`, describe(index)));
    }
  }
  if (tagOf(x) !== "Float32Array") throw new ArgumentError(expectation("get", "x", "a Float32Array", describe(x)));
  // Floats hold class indices as well: what copies labels of this dataset into one of its own may have them.
  if (!(dataset.targets === "class" ? /^(Int32|Float32|Float64)Array$/ : /^Float32Array$/).test(tagOf(y))) {
    const kind = dataset.targets === "class" ? "an Int32Array" : "a Float32Array";
    throw new ArgumentError(expectation("get", "y", kind, describe(y)));
  }
  const row = targetSize(dataset);
  if (x.length < n * numel(inputShape)) {
    throw new ShapeError(expectation("get", "x", `room for ${n} of ${formatShape(inputShape)}`, `${x.length} values`));
  }
  if (y.length < n * row) throw new ShapeError(expectation("get", "y", `room for ${n * row} values`, y.length));
}
