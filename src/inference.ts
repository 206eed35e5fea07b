/** The entry for inference alone in runtimes of which nothing more is known: one thread. */
import type { LoadOptions } from "./model/assemble.js";
import { loadPredictorOn } from "./model/load-predictor.js";
import type { Predictor } from "./model/predictor.js";
import { defaultHost } from "./runtime/host.default.js";
import { compileInferenceKernels } from "./runtime/kernels.js";

export * from "./exports-inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Predictor> =>
  loadPredictorOn({ ...defaultHost, kernels: compileInferenceKernels }, bytes, options);
