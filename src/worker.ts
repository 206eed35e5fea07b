/** `resnet-wasm/worker` for browsers. */
import type { LoadOptions, ModelOptions } from "./model/create.js";
import type { Layer, LayerJSON } from "./nn/layer.js";
import { createModelIn, loadModelIn, type WorkerOption } from "./worker/create.js";
import { startBrowserLink } from "./worker/link.browser.js";
import type { TransferOption, WorkerModel } from "./worker/model.js";

export * from "./worker/exports.js";

/** Gives a network weights and a memory to run in, in a worker of its own. */
export const createModel = (network: Layer | LayerJSON, options: ModelOptions & WorkerOption): Promise<WorkerModel> =>
  createModelIn(startBrowserLink, network, options);

/** Restores a model from the bytes of `model.save()`, in a worker of its own. */
export const loadModel = (
  bytes: Uint8Array | ArrayBuffer,
  options?: LoadOptions & WorkerOption & TransferOption,
): Promise<WorkerModel> => loadModelIn(startBrowserLink, bytes, options);
