/** What `resnet-wasm/worker` exports in every runtime; `createModel` and `loadModel` come from the runtime's entry. */
export * from "../core/errors.js";
export type { ImageSource } from "../data/image/source.js";
export type { FileSource, FileTarget } from "../data/places.js";
export type { Classification, ClassifyOptions } from "../model/classify.js";
export type { OutputGradients, Outputs } from "../nn/outputs.js";
export type { CachedFeatures, CacheFeaturesOptions } from "../train/cache.js";
export type { FindLearningRateOptions, LearningRates } from "../train/find-learning-rate.js";
export type { WorkerOption } from "../worker/create.js";
export type { WorkerLike, WorkerSource } from "../worker/link.js";
export type { TransferOption, WorkerModel } from "../worker/model.js";
export { createTrainer, type WorkerFitOptions, type WorkerTrainer } from "../worker/trainer.js";
export {
  activations,
  cacheFeatures,
  findLearningRate,
  freeze,
  gradCam,
  recalibrate,
  unfreeze,
} from "../worker/verbs.js";
