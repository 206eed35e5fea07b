/** The entry for inference alone in runtimes of which nothing more is known: one thread. */
import { predictorLoader } from "../../model/load-predictor.js";
import { compileInferenceKernels } from "../../runtime/kernels.js";
import { defaultHost } from "./host.js";

export * from "../../faces/inference.js";

/**
 * Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else.
 *
 * @example
 * const model = await loadModel(bytes); // what model.save() gave
 * console.log(model.predict(x).data);
 */
export const loadModel = /* @__PURE__ */ predictorLoader(defaultHost, compileInferenceKernels);
