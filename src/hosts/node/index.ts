/** The main entry for Node, Deno and Bun. */
import { modelCreator, modelLoader } from "../../model/create.js";
import { compileKernels } from "../../runtime/kernels.js";
import { kernelsFrom } from "./kernels.js";
import { wideHost } from "./wide-host.js";

const kernels = /* @__PURE__ */ kernelsFrom("", compileKernels);

export * from "../../faces/main.js";

/**
 * Gives a network weights and a memory to run in. Throws `ShapeError` or `ArgumentError` when its parts do not fit.
 * @function
 */
export const createModel = /* @__PURE__ */ modelCreator(wideHost, kernels);

/**
 * Restores a model from the bytes of `model.save()`. Throws `FormatError` when they are something else.
 * @function
 */
export const loadModel = /* @__PURE__ */ modelLoader(wideHost, kernels);
