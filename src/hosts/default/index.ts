/** The main entry for runtimes of which nothing more is known: one thread. */
import { modelCreator, modelLoader } from "../../model/create.js";
import { compileKernels } from "../../runtime/kernels.js";
import { defaultHost } from "./host.js";

export * from "../../faces/main.js";

/**
 * Gives a network weights and a memory to run in. Throws `ShapeError` or `ArgumentError` when its parts do not fit.
 *
 * @example
 * const model = await createModel(resnet18({ classes: 10 }), { inputShape: [64, 64, 3], seed: 1 });
 * console.log(model.summary());
 */
export const createModel = /* @__PURE__ */ modelCreator(defaultHost, compileKernels);

/**
 * Restores a model from the bytes of `model.save()`. Throws `FormatError` when they are something else.
 *
 * @example
 * const model = await loadModel(bytes); // what model.save() gave
 * console.log(model.classNames, model.predict(x).data);
 */
export const loadModel = /* @__PURE__ */ modelLoader(defaultHost, compileKernels);
