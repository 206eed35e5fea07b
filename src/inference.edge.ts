/** The entry for inference alone in edge runtimes under the condition "edge-light". */
// Its bundlers hand over a compiled module.
import simd from "../build/kernels/inference-simd.wasm?module";
import type { LoadOptions } from "./model/assemble.js";
import { loadPredictorOn } from "./model/load-predictor.js";
import type { Predictor } from "./model/predictor.js";
import { edgeHost } from "./runtime/host.edge.js";

export * from "./exports-inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Predictor> =>
  loadPredictorOn({ ...edgeHost, kernels: async () => simd }, bytes, options);
