/** The entry for inference alone in workerd (Cloudflare Workers). */
// Its bundlers hand over a compiled module.
import simd from "../build/kernels/inference-simd.wasm";
import type { LoadOptions } from "./model/assemble.js";
import { loadPredictorOn } from "./model/load-predictor.js";
import type { Predictor } from "./model/predictor.js";
import { workerdHost } from "./runtime/host.workerd.js";

export * from "./exports-inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Predictor> =>
  loadPredictorOn({ ...workerdHost, kernels: async () => simd }, bytes, options);
