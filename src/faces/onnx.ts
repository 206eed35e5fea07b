/** What `resnet-wasm/onnx` exports in every runtime; `loadOnnx` comes from the runtime's entry. */
export * from "../core/errors.js";
export type { Tensor } from "../core/tensor.js";
export type { Model } from "../model/model.js";
export type { OnnxNetwork } from "../nn/imported/network.js";
export type { OutputGradients, Outputs } from "../nn/outputs.js";
export { type ExportOptions, exportOnnx } from "../onnx/export.js";
export { type ImportedNetwork, type ImportOptions, type ImportReport, importOnnx } from "../onnx/import.js";
export { inspectOnnx, type OnnxInspection, type OnnxTensorInfo, type OnnxValueInfo } from "../onnx/inspect.js";
export type { LoadOnnxOptions } from "../onnx/open.js";
export type { ExternalData } from "../onnx/tensor.js";
export { type UnsupportedNode, UnsupportedOpError } from "../onnx/unsupported.js";
