/** The main entry for edge runtimes under the condition "edge-light". */
// Its bundlers hand over a compiled module.
import simd from "../build/kernels/simd.wasm?module";
import { createModelOn, type LoadOptions, loadModelOn, type ModelOptions } from "./model/create.js";
import type { Model } from "./model/model.js";
import type { Layer } from "./nn/layer.js";
import { edgeHost } from "./runtime/host.edge.js";

const host = () => ({ ...edgeHost, kernels: async () => simd });

export * from "./exports.js";

/** Gives a network weights and a memory to run in. Throws `ShapeError` or `ArgumentError` when its parts do not fit. */
export const createModel = (network: Layer, options: ModelOptions): Promise<Model> =>
  createModelOn(host(), network, options);

/** Restores a model from the bytes of `model.save()`. Throws `FormatError` when they are something else. */
export const loadModel = (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model> =>
  loadModelOn(host(), bytes, options);
