/** BatchNorm's running statistics, gathered anew for the weights as they are. */
import { ArgumentError, DataError, expectation, NumericError } from "../core/errors.js";
import { signal as abortSignal, flag, integer, optional, readOptions, type Schema } from "../core/options.js";
import { Philox } from "../core/random.js";
import { createYielder } from "../core/yield.js";
import { type Dataset, expectDataset, getBatch, targetSize } from "../data/dataset.js";
import { expectModel } from "../model/expect-model.js";
import type { Model } from "../model/model.js";
import type { Step } from "../model/step.js";
import type { RecordUpdate } from "../plan/plan.js";
import { expectCurrent, load, prepareRest } from "./batch.js";
import { expectBelongs } from "./belongs.js";
import { Limits } from "./limits.js";

export interface RecalibrateOptions {
  /** At most this many batches. Default: the whole dataset, once. */
  batches?: number;
  /** Default 32. Statistics should come from batches as large as those of training. */
  batchSize?: number;
  /** In a random order, from the model's seed: neighbours in a folder are of one class. Default true. */
  shuffle?: boolean;
  /** Leave out a last batch that is not full. Default false, as in PyTorch: it counts as much as the others. */
  dropLast?: boolean;
  /** Stops with the signal's reason as an error; the statistics are then as before. */
  signal?: AbortSignal;
}

const schema = () =>
  ({
    batches: optional(integer({ min: 1 })),
    batchSize: integer({ min: 1, default: 32 }),
    shuffle: flag(true),
    dropLast: flag(false),
    signal: abortSignal,
  }) satisfies Schema<RecalibrateOptions>;

const where = "recalibrate";

/** Philox stream of the order; the sampler of `fit` takes those above. */
const ORDER_STREAM = 0xfffeffff;

/** Running statistics that start from 0 are those of the batch after a step of momentum 1. */
const takeBatch: RecordUpdate = (graph) => {
  for (const node of graph.nodes) if (node.op.keepsStatistics) node.attributes = { ...node.attributes, momentum: 1 };
};

/**
 * Gathers the running means and variances of all BatchNorm layers that are not frozen anew: each becomes the mean of what the
 * batches of the dataset have, passed through the network in training mode, Dropout on, as PyTorch's
 * `torch.optim.swa_utils.update_bn` does it. Weights, random numbers and optimisers stay as they are. For averaged weights,
 * for weights from elsewhere, and after trainings that were too short for statistics that follow a tenth at a step.
 *
 * Throws `ArgumentError` where the network has no such layer, `DataError` and `ShapeError` where the dataset does not fit.
 *
 * ```ts
 * model.loadStateDict(trainer.emaStateDict());
 * await recalibrate(model, train, { batchSize: 64 });
 * ```
 *
 * @example
 * await recalibrate(model, dataset); // BatchNorm's statistics, after weights were averaged
 */
export async function recalibrate(model: Model, dataset: Dataset, options?: RecalibrateOptions): Promise<void> {
  const { batches = Infinity, batchSize, shuffle, dropLast, signal } = readOptions(where, options, schema);
  expectModel(where, model);
  expectDataset(where, dataset);
  const { length } = dataset;
  if (length < 1) throw new DataError(expectation(where, "dataset", "at least one sample", length));
  await expectBelongs(where, model, dataset);
  const { engine } = model;
  const step = (n: number) => engine.step({ batchSize: n, training: true, backward: "none", update: takeBatch }, where);
  const all = dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
  const count = Math.min(batches, all);
  if (count === 0)
    throw new DataError(expectation(where, "dataset", `at least one batch of ${batchSize}`, `${length} samples`));
  const rest = count === Math.ceil(length / batchSize) ? length % batchSize : 0;
  if (rest > 0) prepareRest(where, dataset, batchSize, step);
  const { statistics, counts } = statisticsOf(step(Math.min(batchSize, length)));
  if (statistics.length === 0)
    throw new ArgumentError(expectation(where, "network", "a BatchNorm that is not frozen", "none"));

  const order = Uint32Array.from({ length }, (_, i) => i);
  if (shuffle) new Philox(engine.seed, ORDER_STREAM).shuffle(order);
  // Memory may grow while plans are bound: views are made anew each time.
  const { temperature } = model;
  model.temperature = undefined; // that of the statistics before
  const { executor, randomStep } = engine;
  const view = (name: string) => executor.bufferView(name);
  const before = [...statistics, ...counts].map((name) => [name, view(name).slice()] as const);
  const means = statistics.map((name) => [name, new Float64Array(view(name).length)] as const);
  const limits = new Limits({ signal });
  const pause = createYielder();
  const perTarget = targetSize(dataset);
  const targets = new (dataset.targets === "class" ? Int32Array : Float32Array)(
    Math.min(batchSize, length) * perTarget,
  );
  try {
    for (let k = 1; k <= count; k++) {
      const indices = order.subarray((k - 1) * batchSize, k * batchSize);
      if (limits.beforeBatch() ?? (await load(dataset, indices, 0, limits))) throw signal?.reason;
      const pass = step(indices.length);
      getBatch(dataset, indices, pass.input, targets.subarray(0, perTarget * indices.length));
      expectCurrent(where, pass);
      for (const name of statistics) view(name).fill(0);
      pass.run("forward", "update");
      for (const [name, mean] of means) follow(mean, view(name), 1 / k);
      await pause();
    }
    for (const [name, mean] of means) {
      if (!mean.every(Number.isFinite))
        throw new NumericError(expectation(where, name, "finite numbers", "NaN or infinity, of these inputs"));
      view(name).set(mean);
    }
    for (const name of counts) view(name).fill(count);
  } catch (error) {
    for (const [name, values] of before) view(name).set(values);
    model.temperature = temperature;
    throw error;
  } finally {
    engine.randomStep = randomStep;
    executor.weightsVersion++;
  }
}

/** mean = (1 - share) mean + share values: after k batches each has had a share of 1 / k. */
function follow(mean: Float64Array, values: Float32Array, share: number): void {
  for (let i = 0; i < mean.length; i++) mean[i] += (values[i] - mean[i]) * share;
}

/** Names of the buffers that a step moves: means and variances, and how many batches they are of. */
function statisticsOf({ plan: { graph } }: Step): Record<"statistics" | "counts", string[]> {
  const layers = graph.nodes
    .filter(({ op }) => op.keepsStatistics)
    .map(({ inputs, op }) => (op.writes ?? []).map((i) => graph.values[inputs[i]].name));
  return { statistics: layers.flatMap((names) => names.slice(0, 2)), counts: layers.map(([, , count]) => count) };
}
