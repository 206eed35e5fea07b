/** The entry for inference alone in Node, Deno and Bun. */
import { predictorLoader } from "../../model/load-predictor.js";
import { compileInferenceKernels } from "../../runtime/kernels.js";
import { kernelsFrom } from "./kernels.js";
import { wideHost } from "./wide-host.js";

export * from "../../faces/inference.js";

/**
 * Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else.
 * @function
 */
export const loadModel = /* @__PURE__ */ predictorLoader(
  wideHost,
  /* @__PURE__ */ kernelsFrom("inference-", compileInferenceKernels),
);
