/** `resnet-wasm/worker` for browsers. */
import { workerModelCreator, workerModelLoader } from "../../worker/create.js";
import { readBrowserText, startBrowserLink } from "./link.js";

export * from "../../faces/worker.js";

/**
 * Gives a network weights and a memory to run in, in a worker of its own.
 *
 * @example
 * const model = await createModel(residualMLP({ in: 784, out: 10 }), { inputShape: [784] });
 * const { data } = await model.predict(new Float32Array(784));
 * await model.dispose(); // ends the worker
 */
export const createModel = /* @__PURE__ */ workerModelCreator(startBrowserLink, readBrowserText);

/**
 * Restores a model from the bytes of `model.save()`, in a worker of its own.
 *
 * @example
 * const model = await loadModel(bytes);
 */
export const loadModel = /* @__PURE__ */ workerModelLoader(startBrowserLink, readBrowserText);
