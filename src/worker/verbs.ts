/** Functions of the main entry, for models in workers. */
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { GradCamOptions } from "../model/features.js";
import type { NamePattern } from "../model/names.js";
import type { TransferOption, WorkerModel } from "./model.js";

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
