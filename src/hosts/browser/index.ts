/** The main entry for browsers. */
import { modelCreator, modelLoader } from "../../model/create.js";
import { compileKernels } from "../../runtime/kernels.js";
import { browserHost } from "./host.js";

export * from "../../faces/main.js";

/** Gives a network weights and a memory to run in. Throws `ShapeError` or `ArgumentError` when its parts do not fit. */
export const createModel = /* @__PURE__ */ modelCreator(browserHost, compileKernels);

/** Restores a model from the bytes of `model.save()`. Throws `FormatError` when they are something else. */
export const loadModel = /* @__PURE__ */ modelLoader(browserHost, compileKernels);
