/** Everything that the entry for inference exports in every runtime; `loadModel` comes from the host's entry. */
export * from "../core/errors.js";
export type { Tensor, TensorLike } from "../core/tensor.js";
export type { ImageSource } from "../data/image/source.js";
export type { FileSource } from "../data/places.js";
export type { Classification, ClassifyOptions } from "../model/classify.js";
export type { LoadOptions } from "../model/options.js";
export type { ModelInfo, PredictOptions, Predictor } from "../model/predictor.js";
export { Layer } from "../nn/layer.js";
export type { Outputs } from "../nn/outputs.js";
export { registerLayer } from "../nn/registry.js";
