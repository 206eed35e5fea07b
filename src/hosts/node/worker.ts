/** `resnet-wasm/worker` for Node, Deno and Bun. */
import { workerModelCreator, workerModelLoader } from "../../worker/create.js";
import { readNodeText, startNodeLink } from "./link.js";

export * from "../../faces/worker.js";

/**
 * Gives a network weights and a memory to run in, in a worker of its own.
 * @function
 */
export const createModel = /* @__PURE__ */ workerModelCreator(startNodeLink, readNodeText);

/**
 * Restores a model from the bytes of `model.save()`, in a worker of its own.
 * @function
 */
export const loadModel = /* @__PURE__ */ workerModelLoader(startNodeLink, readNodeText);
