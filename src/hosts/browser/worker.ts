/** `resnet-wasm/worker` for browsers. */
import { workerModelCreator, workerModelLoader } from "../../worker/create.js";
import { readBrowserText, startBrowserLink } from "./link.js";

export * from "../../faces/worker.js";

/** Gives a network weights and a memory to run in, in a worker of its own. */
export const createModel = /* @__PURE__ */ workerModelCreator(startBrowserLink, readBrowserText);

/** Restores a model from the bytes of `model.save()`, in a worker of its own. */
export const loadModel = /* @__PURE__ */ workerModelLoader(startBrowserLink, readBrowserText);
