/** Cached features: a frozen backbone runs once for each sample, a new head trains on what it said. */
import { DataError, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { signal as abortSignal, integer, readOptions, type Schema, text } from "../core/options.js";
import { numel, type Shape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { createYielder } from "../core/yield.js";
import { arrayDataset } from "../data/array.js";
import {
  type ClassDataset,
  type Dataset,
  expectDataset,
  getBatch,
  sampleWeights,
  targetSize,
  type ValueDataset,
} from "../data/dataset.js";
import { expectModel } from "../model/expect-model.js";
import { activations } from "../model/features.js";
import type { Model } from "../model/model.js";
import { load } from "./batch.js";
import { expectBelongs } from "./belongs.js";
import { Limits } from "./limits.js";

export interface CacheFeaturesOptions {
  /** Path of the layer whose output becomes the input of the new head: "flatten" in the ready-made ResNets. */
  layer: string;
  /** Default 32. */
  batchSize?: number;
  signal?: AbortSignal;
}

const schema = () =>
  ({
    layer: text,
    batchSize: integer({ min: 1, default: 32 }),
    signal: abortSignal,
  }) satisfies Schema<CacheFeaturesOptions>;

/** Of classes where the samples are. */
export type CachedFeatures<D extends Dataset> = D extends ClassDataset ? ClassDataset : ValueDataset;

/**
 * The dataset with each input replaced by the output of one layer, in memory: 4 bytes for each feature of each sample.
 * Train a small model on it, then put its weights into the head with `loadStateDict(…, { strict: false })`.
 *
 * @example
 * const features = await cacheFeatures(model, dataset, { layer: "flatten" }); // a dataset of what the head reads
 */
export async function cacheFeatures<D extends Dataset>(
  model: Model,
  dataset: D,
  options: CacheFeaturesOptions,
): Promise<CachedFeatures<D>> {
  expectModel("cacheFeatures", model);
  return gatherFeatures(model, dataset, options, async (x, layers) => activations(model, x, layers));
}

/** The same, with outputs of layers from wherever the model is. */
export async function gatherFeatures<D extends Dataset>(
  model: { readonly inputShape: Shape; readonly transform?: unknown },
  dataset: D,
  options: CacheFeaturesOptions,
  outputsOf: (x: Float32Array, layers: readonly string[]) => Promise<ReadonlyMap<string, Tensor>>,
): Promise<CachedFeatures<D>> {
  expectDataset("cacheFeatures", dataset);
  const { layer, batchSize, signal } = readOptions("cacheFeatures", options, schema);
  if (!(dataset?.length > 0))
    throw new DataError(expectation("cacheFeatures", "dataset", "at least one sample", dataset?.length ?? dataset));
  await expectBelongs("cacheFeatures", model, dataset);
  const pause = createYielder();
  const limits = new Limits({ signal });
  const isClass = dataset.targets === "class";
  const perTarget = targetSize(dataset);
  const y = isClass ? new Int32Array(dataset.length) : new Float32Array(dataset.length * perTarget);
  let features = new Float32Array(0);
  let featureShape: number[] = [];
  for (let at = 0; at < dataset.length; at += batchSize) {
    signal?.throwIfAborted();
    const n = Math.min(batchSize, dataset.length - at);
    const indices = Array.from({ length: n }, (_, i) => at + i);
    await load(dataset, indices, 0, limits);
    signal?.throwIfAborted();
    const x = new Float32Array(n * numel(dataset.inputShape));
    getBatch(dataset, indices, x, y.subarray(at * perTarget, (at + n) * perTarget) as typeof y);
    const output = lookUp(await outputsOf(x, [layer]), layer);
    featureShape = output.shape.slice(1);
    if (at === 0) features = new Float32Array(dataset.length * numel(featureShape));
    features.set(output.data, at * numel(featureShape));
    await pause();
  }
  const weights = sampleWeights(
    "cacheFeatures",
    dataset,
    Uint32Array.from({ length: dataset.length }, (_, i) => i),
  );
  const common = {
    ...{ x: features, y, inputShape: featureShape, classNames: dataset.classNames?.slice() },
    ...(weights && { weights }),
  };
  return cached(dataset, common) as CachedFeatures<D>;
}

function cached(
  dataset: Dataset,
  common: { x: Float32Array; inputShape: number[]; y: Int32Array | Float32Array },
): Dataset {
  if (dataset.targets !== "class") return arrayDataset({ ...common, targetShape: [...dataset.targetShape] });
  const { classes, targetShape, ignoreIndex } = dataset;
  const more = { ...(targetShape && { targetShape }), ...(ignoreIndex !== undefined && { ignoreIndex }) };
  return arrayDataset({ ...common, classes, ...more });
}
