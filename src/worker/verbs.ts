/** Functions of the main entry, for models in workers. */

import { ArgumentError, expectation } from "../core/errors.js";
import { signal as abortSignal } from "../core/options.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { Dataset } from "../data/dataset.js";
import type { GradCamOptions } from "../model/features.js";
import type { NamePattern } from "../model/names.js";
import type { RecalibrateOptions } from "../train/recalibrate.js";
import type { Answers } from "./calls.js";
import { type TransferOption, WorkerModel } from "./model.js";
import { makeBatch } from "./send-dataset.js";

/** `model.activations`, called as in the main entry. */
export const activations = (model: WorkerModel, x: TensorLike, layers: readonly string[], options?: TransferOption) =>
  model.activations(x, layers, options);

/** `model.gradCam`, called as in the main entry. */
export const gradCam = (model: WorkerModel, x: TensorLike, options: GradCamOptions & TransferOption): Promise<Tensor> =>
  model.gradCam(x, options);

/** `model.freeze`, called as in the main entry. */
export const freeze = (model: WorkerModel, pattern: NamePattern): Promise<string[]> => model.freeze(pattern);

/** `model.unfreeze`, called as in the main entry. */
export const unfreeze = (model: WorkerModel, pattern: NamePattern): Promise<string[]> => model.unfreeze(pattern);

/** `recalibrate` of the main entry: BatchNorm's running statistics, gathered anew from a dataset. */
export async function recalibrate(
  model: WorkerModel,
  dataset: Dataset,
  options?: RecalibrateOptions & TransferOption,
): Promise<void> {
  const where = "recalibrate";
  if (!(model instanceof WorkerModel))
    throw new ArgumentError(
      expectation(where, "model", "a model from createModel or loadModel of resnet-wasm/worker", model),
    );
  const { signal, transfer = false, ...rest } = options ?? {};
  abortSignal(where, "signal", signal);
  const reference = model.datasets.reference(where, dataset, "dataset", transfer);
  const answers: Answers = { dataset: (request) => makeBatch(dataset, request) };
  return model.call("recalibrate", [reference, rest], { signal, answers });
}
