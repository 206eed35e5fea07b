/** Everything that the package's main entry exports in every runtime; `createModel` and `loadModel` come from the host's entry. */
export * from "./core/errors.js";
export type { Tensor, TensorLike } from "./core/tensor.js";
export { readSafetensors, writeSafetensors } from "./io/safetensors.js";
export type { MemoryPlan, MemoryPlanOptions, Model, ModelInfo, PredictOptions } from "./model/model.js";
export type { ModelOptions, LoadOptions } from "./model/create.js";
export type { LoadReport, LoadStateDictOptions, StateDict } from "./model/state.js";
export * from "./nn/activations.js";
export * from "./nn/dropout.js";
export type { InitName } from "./nn/init.js";
export { Layer, layerFromJSON, registerLayer } from "./nn/layer.js";
export { Linear, type LinearOptions } from "./nn/linear.js";
export { bceWithLogits, crossEntropy, huber, type Loss, mse } from "./nn/losses.js";
export { type ResidualMLPOptions, residualMLP, type TabularResNetOptions, tabularResNet } from "./nn/mlp.js";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions, LayerNorm } from "./nn/norm.js";
export { Residual, type ResidualOptions } from "./nn/residual.js";
export { Flatten, Identity, Sequential } from "./nn/sequential.js";
export { Adam, type AdamOptions, AdamW, type Optimizer, SGD, type SGDOptions } from "./optim/optimizers.js";
