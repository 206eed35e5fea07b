/** What `resnet-wasm/quantize` exports in every runtime; `quantize` and `loadModel` come from the runtime's entry. */
export * from "../core/errors.js";
export type { Tensor, TensorLike } from "../core/tensor.js";
export type { FileSource, FileTarget } from "../data/places.js";
export type { LoadOptions } from "../model/options.js";
export type { ModelInfo, PredictOptions } from "../model/predictor.js";
export { registerLayer } from "../nn/registry.js";
export { type DequantizeOptions, dequantizeOnnx } from "../quantize/dequantize-onnx.js";
export { exportQdq } from "../quantize/export.js";
export type { Ranges } from "../quantize/histogram.js";
export type { QuantizedModel, SaveQuantizedOptions } from "../quantize/model.js";
export type { QuantizeOptions } from "../quantize/quantize.js";
export type { QuantizationReport, QuantizedLayerReport } from "../quantize/report.js";
