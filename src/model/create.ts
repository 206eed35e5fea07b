/** Makes models. */
import type { Layer } from "../nn/layer.js";
import { TRAINING } from "../program/encode-training.js";
import type { Host, Runtime } from "../runtime/host.js";
import { assemble, assembleSaved, type LoadOptions, type ModelOptions } from "./assemble.js";
import { initialise } from "./initialise.js";
import { Model } from "./model.js";

export type { LoadOptions, ModelOptions } from "./assemble.js";

/** `createModel` of an entry point: of its runtime, with the kernels that it brings. */
export const modelCreator =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (network: Layer, options: ModelOptions): Promise<Model> => {
    const { engine, info } = await assemble({ ...runtime, kernels }, network, options, TRAINING);
    initialise(engine);
    return new Model(engine, info, options.transform);
  };

/** `loadModel` of an entry point. */
export const modelLoader =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model> => {
    const { engine, info, transform } = await assembleSaved({ ...runtime, kernels }, bytes, options, TRAINING);
    return new Model(engine, info, transform);
  };
