/** Makes models. */
import type { Layer } from "../nn/layer.js";
import { TRAINING } from "../program/encode-training.js";
import type { Host } from "../runtime/host.js";
import { assemble, assembleSaved, type LoadOptions, type ModelOptions } from "./assemble.js";
import { initialise } from "./initialise.js";
import { Model } from "./model.js";

export type { LoadOptions, ModelOptions } from "./assemble.js";

export async function createModelOn(host: Host, network: Layer, options: ModelOptions): Promise<Model> {
  const { engine, info } = await assemble(host, network, options, TRAINING);
  initialise(engine);
  return new Model(engine, info, options.transform);
}

export async function loadModelOn(host: Host, bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model> {
  const { engine, info, transform } = await assembleSaved(host, bytes, options, TRAINING);
  return new Model(engine, info, transform);
}
