/** Samples drawn at random, some more often than others. */
import { ArgumentError, DataError, describe, expectation, ShapeError } from "../core/errors.js";
import { as, integer, optional, readOptions, type Schema } from "../core/options.js";
import { Philox } from "../core/random.js";
import { type Dataset, expectDataset, expectWeights, getBatch, labelsOf, trustLabels } from "./dataset.js";
import { withGet } from "./views.js";

export interface ResampleOptions {
  /**
   * How often each sample is drawn, relative to others: a number each, of at least 0; or "balanced": all classes equally often,
   * which wants one class a sample and labels that are known without reading samples.
   */
  weights: ArrayLike<number> | "balanced";
  /** How many samples an epoch has. Default: as many as there are. */
  length?: number;
  /** Default 0. */
  seed?: number;
}

/** Apart from the streams of parameters, samplers, splits, mixing and augmentation. */
const DRAW_STREAM = 0x90000000;

const schema = () =>
  ({
    weights: as<ArrayLike<number> | "balanced">(),
    length: optional(integer({ min: 1 })),
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
  }) satisfies Schema<ResampleOptions>;

const where = "resample";

/**
 * `dataset` with samples drawn with replacement, anew in each epoch, as PyTorch's WeightedRandomSampler does: rare classes come as
 * often as common ones with `weights: "balanced"`. The draws are a function of seed and epoch, so that a resumed training sees what it
 * would have seen. Weights of the loss, `classWeights` and `weights` of `arrayDataset`, see each sample once instead.
 *
 * ```ts
 * await trainer.fit(resample(train, { weights: "balanced" }), { epochs: 20 });
 * ```
 *
 * @example
 * const even = resample(dataset, { weights: "balanced" });
 */
export function resample<D extends Dataset>(dataset: D, options: ResampleOptions): D {
  expectDataset(where, dataset);
  const { weights, length = dataset.length, seed } = readOptions(where, options, schema);
  const sums = cumulated(weights === "balanced" ? balanced(dataset) : given(dataset, weights));
  const total = sums[sums.length - 1];
  if (!(total > 0)) throw new DataError(expectation(where, "weights", "some above 0", "all 0"));

  let last = { epoch: -1, drawn: new Int32Array(0) };
  const drawnIn = (epoch: number): Int32Array => {
    if (last.epoch !== epoch) {
      const random = new Philox(seed, DRAW_STREAM + (epoch % 0x10000));
      last = { epoch, drawn: Int32Array.from({ length }, () => placeOf(sums, total * fraction(random))) };
    }
    return last.drawn;
  };
  // Without an epoch from the caller the draws of the first one.
  const translate = (indices: ArrayLike<number>, epoch = 0) => {
    const drawn = drawnIn(epoch);
    return Int32Array.from(indices, (index) => {
      if (Number.isInteger(index) && index >= 0 && index < length) return drawn[index];
      throw new ArgumentError(expectation("get", "indices", `indices from 0 to ${length - 1}`, describe(index)));
    });
  };
  let current = 0;
  const get: Dataset["get"] = (indices, x, y, epoch = 0) => {
    current = epoch; // of which `getWeights`, which comes after it, is not told
    getBatch(dataset, translate(indices, epoch), x, y, epoch);
  };
  const drawn = withGet(dataset, get, {
    length,
    prefetch: dataset.prefetch && (async (indices, epoch) => dataset.prefetch?.(translate(indices, epoch), epoch)),
    getWeights: dataset.getWeights && ((indices, out) => dataset.getWeights?.(translate(indices, current), out)),
  } as Partial<D>);
  // Each epoch has others.
  return trustLabels(drawn, () => undefined);
}

/** 48 random bits: 24 reach each of at most 16 million samples. */
const fraction = (random: Philox): number => random.uniform() + random.uniform() / 2 ** 24;

function given(dataset: Dataset, weights: ArrayLike<number>): ArrayLike<number> {
  const { length } = Object(weights) as { length?: unknown };
  if (length !== dataset.length)
    throw new ShapeError(expectation(where, "weights", `"balanced", or ${dataset.length} numbers`, describe(weights)));
  return expectWeights(where, Float64Array.from(weights));
}

function balanced(dataset: Dataset): Float64Array {
  const labels = labelsOf(dataset);
  if (!labels) {
    const hint = "Count the labels of a dataset of your own, and give 1 / count of its class to each sample";
    throw new ArgumentError(
      expectation(where, "dataset", "one of classes, with labels that are known", "another", { hint }),
    );
  }
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  return Float64Array.from(labels, (label) => 1 / (counts.get(label) ?? 1));
}

function cumulated(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(weights.length);
  for (let i = 0, sum = 0; i < weights.length; i++) sums[i] = sum += weights[i];
  return sums;
}

/** The first place whose sum is above `at`. */
function placeOf(sums: Float64Array, at: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
