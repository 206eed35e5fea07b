/** Functions of the main entry, for models in workers. */
import { ArgumentError, expectation } from "../core/errors.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { Dataset } from "../data/dataset.js";
import type { GradCamOptions } from "../model/features.js";
import type { NamePattern } from "../model/names.js";
import { type CachedFeatures, type CacheFeaturesOptions, gatherFeatures } from "../train/cache.js";
import type { FindLearningRateOptions, LearningRates } from "../train/find-learning-rate.js";
import type { RecalibrateOptions } from "../train/recalibrate.js";
import type { Answers } from "./calls.js";
import { expectWorkerModel, sendOptions, type TransferOption, type WorkerModel } from "./model.js";
import { makeBatch } from "./send-dataset.js";
import { WorkerTrainer } from "./trainer.js";

/**
 * `model.activations`, called as in the main entry.
 *
 * @example
 * const { data } = (await activations(model, x, ["layer1"])).get("layer1")!;
 */
export const activations = async (
  model: WorkerModel,
  x: TensorLike,
  layers: readonly string[],
  options?: TransferOption,
) => expectWorkerModel("activations", model).activations(x, layers, options);

/**
 * `cacheFeatures` of the main entry: samples go to the worker, a batch at a time, and their features come back.
 *
 * @example
 * const features = await cacheFeatures(model, dataset, { layer: "flatten" });
 */
export async function cacheFeatures<D extends Dataset>(
  model: WorkerModel,
  dataset: D,
  options: CacheFeaturesOptions,
): Promise<CachedFeatures<D>> {
  expectWorkerModel("cacheFeatures", model);
  return gatherFeatures(model, dataset, options, (x, layers) => model.activations(x, layers, { transfer: true }));
}

/**
 * `model.gradCam`, called as in the main entry.
 *
 * @example
 * const { data } = await gradCam(model, x, { layer: "layer3" });
 */
export const gradCam = async (
  model: WorkerModel,
  x: TensorLike,
  options: GradCamOptions & TransferOption,
): Promise<Tensor> => expectWorkerModel("gradCam", model).gradCam(x, options);

/**
 * `model.freeze`, called as in the main entry.
 *
 * @example
 * await freeze(model, (name) => !name.startsWith("fc."));
 */
export const freeze = async (model: WorkerModel, pattern: NamePattern): Promise<string[]> =>
  expectWorkerModel("freeze", model).freeze(pattern);

/**
 * `model.unfreeze`, called as in the main entry.
 *
 * @example
 * await unfreeze(model, "fc");
 */
export const unfreeze = async (model: WorkerModel, pattern: NamePattern): Promise<string[]> =>
  expectWorkerModel("unfreeze", model).unfreeze(pattern);

/**
 * `recalibrate` of the main entry: BatchNorm's running statistics, gathered anew from a dataset.
 *
 * @example
 * await recalibrate(model, dataset);
 */
export async function recalibrate(
  model: WorkerModel,
  dataset: Dataset,
  options?: RecalibrateOptions & TransferOption,
): Promise<void> {
  const where = "recalibrate";
  expectWorkerModel(where, model);
  const { transfer, signal, rest } = sendOptions(where, options);
  const reference = model.datasets.reference(where, dataset, "dataset", transfer);
  const answers: Answers = { dataset: (request) => makeBatch(dataset, request) };
  await model.call("recalibrate", [reference, rest], { signal, answers });
  model.changed();
}

/**
 * Finds a learning rate, called as in the main entry.
 *
 * @example
 * const { suggestion } = await findLearningRate(trainer, dataset, { batchSize: 8 });
 */
export async function findLearningRate(
  trainer: WorkerTrainer,
  dataset: Dataset,
  options?: FindLearningRateOptions & TransferOption,
): Promise<LearningRates> {
  if (trainer instanceof WorkerTrainer) return trainer.findLearningRate(dataset, options);
  throw new ArgumentError(expectation("findLearningRate", "trainer", "one from createTrainer of this entry", trainer));
}
