/** resnet-wasm/pytorch: weights from `.pt` and `.pth` files. */
export type { Dtype, IntegerRule } from "../io/dtypes.js";
export { type PytorchFile, type ReadPytorchOptions, readPytorch } from "../io/pytorch/read.js";
export { huggingFaceResNet, timmResNet } from "../io/pytorch/rename.js";
export type { ReadOptions, StoredTensor } from "../io/safetensors.js";
