/** The entry for inference alone in browsers. */
import type { LoadOptions } from "./model/assemble.js";
import { loadPredictorOn } from "./model/load-predictor.js";
import type { Predictor } from "./model/predictor.js";
import { browserHost } from "./runtime/host.browser.js";
import { compileInferenceKernels } from "./runtime/kernels.js";

export * from "./exports-inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Predictor> =>
  loadPredictorOn({ ...browserHost, kernels: compileInferenceKernels }, bytes, options);
