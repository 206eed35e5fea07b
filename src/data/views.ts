/** Datasets made of other datasets: parts, and inputs changed on the way. */
import { expectInteger, expectNumber } from "../core/check.js";
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { numel } from "../core/shape.js";
import {
  checkBuffers,
  type Dataset,
  expectDataset,
  expectIndices,
  getBatch,
  labelsOf,
  targetSize,
  targetsOf,
  trustLabels,
} from "./dataset.js";
import { describeDataset } from "./description.js";
import { foldOrder, readSplitOptions, type SplitOptions, splitOrder } from "./split.js";

/** `dataset` with another way to fill a batch, field by field: what implements Dataset may be an instance of a class. */
export function withGet<D extends Dataset>(dataset: D, get: Dataset["get"], more: Partial<D> = {}): D {
  const { length, inputShape } = dataset;
  const prefetch = dataset.prefetch?.bind(dataset);
  const getWeights = dataset.getWeights?.bind(dataset);
  const fields = { length, inputShape, ...targetsOf(dataset), getWeights, prefetch };
  const made: D = { ...fields, ...more } as D;
  const checked: Dataset["get"] = (indices, x, y, epoch) => {
    checkBuffers(made, indices, x, y, epoch);
    get(indices, x, y, epoch);
  };
  return trustLabels(Object.assign(made, { get: checked }), () => labelsOf(dataset));
}

/**
 * The examples `indices` of `dataset`, in that order; an index may come more than once.
 *
 * @example
 * const some = subset(dataset, [0, 2, 4]);
 */
export function subset<D extends Dataset>(dataset: D, indices: ArrayLike<number>): D {
  expectDataset("subset", dataset);
  const chosen = expectIndices("subset", indices, dataset.length);
  if (chosen.length === 0) throw new DataError(expectation("subset", "indices", "at least one index", "none"));
  // One translated batch, kept from call to call: batches of one size cost no allocation.
  let batch = new Int32Array(0);
  const translate = (wanted: ArrayLike<number>): Int32Array => {
    if (batch.length !== wanted.length) batch = new Int32Array(wanted.length);
    for (let i = 0; i < wanted.length; i++) batch[i] = chosen[wanted[i]];
    return batch;
  };
  const expected = (where: string, wanted: ArrayLike<number>) => expectIndices(where, wanted, chosen.length);
  const get: Dataset["get"] = (wanted, x, y, epoch) => getBatch(dataset, translate(wanted), x, y, epoch);
  const prefetch: Dataset["prefetch"] =
    dataset.prefetch &&
    (async (wanted, epoch) => dataset.prefetch?.(translate(expected("prefetch", wanted)).slice(), epoch));
  const getWeights: Dataset["getWeights"] =
    dataset.getWeights &&
    ((wanted, weights) => dataset.getWeights?.(translate(expected("getWeights", wanted)), weights));
  const part = withGet(dataset, get, { length: chosen.length, prefetch, getWeights } as Partial<D>);
  trustLabels(part, () => {
    const labels = labelsOf(dataset);
    return labels && chosen.map((index) => labels[index]);
  });
  return describeDataset(part, () => ({ type: "subset", dataset, indices: chosen }));
}

/**
 * Two disjoint random parts: `fraction` of the examples, rounded to the nearest count, and the rest. Where targets are classes,
 * each part has the same share of every class. Own datasets are split so with `stratify: true` alone, because all of their
 * samples have to be read for their labels.
 *
 * @example
 * const [train, validation] = split(dataset, 0.8, { seed: 1, stratify: true });
 */
export function split<D extends Dataset>(dataset: D, fraction: number, options?: number | SplitOptions): [D, D] {
  expectDataset("split", dataset);
  expectNumber("split", "fraction", fraction, 0, 1, "both");
  const { seed, stratify } = readSplitOptions("split", options);
  const count = Math.round(dataset.length * fraction);
  if (count === 0 || count === dataset.length) {
    const expected = `two parts that are not empty of ${dataset.length} examples`;
    throw new DataError(expectation("split", "fraction", expected, fraction));
  }
  const labels = labelsToKeep("split", dataset, stratify);
  const [first, second] = splitOrder(dataset.length, count, seed, labels);
  return [subset(dataset, first), subset(dataset, second)];
}

/**
 * `k` pairs for cross-validation: each holds a fold out of the random `k` of the examples, and trains on all others. Every example
 * is held out once. Where targets are classes, each fold has the same share of every class, as in `split`.
 *
 * ```ts
 * for (const [train, held] of kFold(dataset, 5)) {
 *   // a model of its own, trained on `train` and evaluated on `held`
 * }
 * ```
 *
 * @example
 * for (const [train, validation] of kFold(dataset, 3, { seed: 1 })) console.log(train.length, validation.length);
 */
export function kFold<D extends Dataset>(
  dataset: D,
  k: number,
  options?: number | SplitOptions,
): [train: D, held: D][] {
  expectDataset("kFold", dataset);
  expectInteger("kFold", "k", k, 2, dataset.length);
  const { seed, stratify } = readSplitOptions("kFold", options);
  const labels = labelsToKeep("kFold", dataset, stratify);
  const folds = foldOrder(dataset.length, k, seed, labels);
  return folds.map((held) => {
    const others = folds.filter((fold) => fold !== held).flatMap((fold) => [...fold]);
    return [
      subset(
        dataset,
        others.sort((a, b) => a - b),
      ),
      subset(dataset, held),
    ];
  });
}

/** The classes of which each part shall have its share. */
const labelsToKeep = (where: string, dataset: Dataset, stratify: boolean | undefined) =>
  stratify === false ? undefined : (labelsOf(dataset) ?? (stratify ? readLabels(where, dataset) : undefined));

/** The classes of all examples, from whole batches. */
function readLabels(where: string, dataset: Dataset): Int32Array {
  if (dataset.targets !== "class" || dataset.targetShape)
    throw new ArgumentError(expectation(where, "stratify", "a dataset of classes, one a sample", "another one"));
  const labels = new Int32Array(dataset.length);
  forEachBatch(dataset, ({ y, indices }) => labels.set((y as Int32Array).subarray(0, indices.length), indices[0]));
  return labels;
}

interface ReadBatch {
  indices: Int32Array;
  x: Float32Array;
  y: Int32Array | Float32Array;
}

/** All examples in order, in batches whose arrays are used again. */
function forEachBatch(dataset: Dataset, use: (batch: ReadBatch) => void): void {
  const batch = Math.min(dataset.length, 256);
  const x = new Float32Array(batch * numel(dataset.inputShape));
  const y = new (dataset.targets === "class" ? Int32Array : Float32Array)(batch * targetSize(dataset));
  for (let start = 0; start < dataset.length; start += batch) {
    const indices = Int32Array.from({ length: Math.min(batch, dataset.length - start) }, (_, i) => start + i);
    getBatch(dataset, indices, x, y, 0);
    use({ indices, x, y });
  }
}

/**
 * `dataset` with each batch's inputs changed in place by `change`: `count` examples of `inputShape` at the start of `x`,
 * which may be longer.
 *
 * @example
 * const doubled = mapInputs(dataset, (x, count) => x.forEach((value, i) => (x[i] = 2 * value)));
 */
export function mapInputs<D extends Dataset>(
  dataset: D,
  change: (x: Float32Array, count: number, inputShape: readonly number[]) => void,
): D {
  expectDataset("mapInputs", dataset);
  if (typeof change !== "function")
    throw new ArgumentError(expectation("mapInputs", "change", "a function", describe(change)));
  return withGet(dataset, (indices, x, y, epoch) => {
    getBatch(dataset, indices, x, y, epoch);
    const result: unknown = change(x, indices.length, dataset.inputShape);
    if (result !== undefined && result !== x)
      throw new DataError(expectation("mapInputs", "result", "none, with x changed in place", describe(result)));
  });
}

/** Mean and standard deviation of each channel. */
export interface ChannelStatistics {
  mean: number[];
  std: number[];
}

/**
 * (x - mean) / std per channel, which is the last dimension of `inputShape`; one value serves all channels.
 *
 * @example
 * const ready = normalise(dataset, channelStatistics(dataset));
 */
export function normalise<D extends Dataset>(dataset: D, statistics: ChannelStatistics): D {
  expectDataset("normalise", dataset);
  const { mean, std }: Partial<ChannelStatistics> = Object(statistics);
  const channels = dataset.inputShape[dataset.inputShape.length - 1];
  const [shift, scale] = [mean, std].map((values, i) => {
    const name = i === 0 ? "mean" : "std";
    const valid = Array.isArray(values) && values.every((value) => Number.isFinite(value) && (i === 0 || value > 0));
    if (!valid || (values.length !== channels && values.length !== 1)) {
      const expected = `${channels} or 1 finite numbers${i === 1 ? " above 0" : ""}`;
      throw new ArgumentError(expectation("normalise", name, expected, describe(values)));
    }
    return Float64Array.from({ length: channels }, (_, c) => values[values.length === 1 ? 0 : c]);
  });
  const normalised = mapInputs(dataset, (x, count) => {
    const end = count * numel(dataset.inputShape);
    for (let at = 0; at < end; at += channels) {
      for (let c = 0; c < channels; c++) x[at + c] = (x[at + c] - shift[c]) / scale[c];
    }
  });
  const copy = { mean: [...(mean as number[])], std: [...(std as number[])] };
  return describeDataset(normalised, () => ({ type: "normalise", dataset, ...copy }));
}

/**
 * Mean and standard deviation of each channel over a whole dataset, for `normalise`. Two passes, in float64.
 *
 * @example
 * const { mean, std } = channelStatistics(dataset);
 */
export function channelStatistics(dataset: Dataset): ChannelStatistics {
  expectDataset("channelStatistics", dataset);
  const size = numel(dataset.inputShape);
  const channels = dataset.inputShape[dataset.inputShape.length - 1];
  const mean = new Float64Array(channels);
  const average = (term: (value: number, channel: number) => number): Float64Array => {
    const sum = new Float64Array(channels);
    forEachBatch(dataset, ({ x, indices }) => {
      for (let i = 0; i < indices.length * size; i++) sum[i % channels] += term(x[i], i % channels);
    });
    return sum.map((total) => (total * channels) / (dataset.length * size));
  };
  mean.set(average((value) => value));
  const variance = average((value, c) => (value - mean[c]) * (value - mean[c]));
  return { mean: [...mean], std: Array.from(variance, Math.sqrt) };
}
