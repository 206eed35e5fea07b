/** The entry for inference alone in browsers. */
import { predictorLoader } from "../../model/load-predictor.js";
import { compileInferenceKernels } from "../../runtime/kernels.js";
import { browserHost } from "./host.js";

export * from "../../faces/inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = /* @__PURE__ */ predictorLoader(browserHost, compileInferenceKernels);
