/** Makes models. */
import { demanded } from "../core/on-demand.js";
import type { FileSource } from "../data/places.js";
import { expectLayer, type Layer } from "../nn/layer.js";
import { differentiate } from "../plan/autodiff.js";
import type { Host, Runtime } from "../runtime/host.js";
import { assemble, assembleSaved } from "./assemble.js";
import { readClassNames } from "./class-names.js";
import { describeNetwork, type Engine } from "./engine.js";
import { initialise } from "./initialise.js";
import { expectNetwork, expectTensors } from "./limits.js";
import { Model } from "./model.js";
import { type LoadOptions, type ModelOptions, readModelOptions } from "./options.js";

export type { LoadOptions, ModelOptions } from "./options.js";

/** Throws `ArgumentError` on a transform that JSON does not keep. */
async function expectKept(where: string, transform: unknown): Promise<void> {
  if (transform === undefined) return;
  const { expectTransform } = await demanded(where, import("./transform-limits.js"));
  expectTransform(where, transform);
}

/** A model of a network on a host; `fill` writes its weights. */
export async function makeModel(
  host: Host,
  network: Layer,
  options: ModelOptions,
  fill: (engine: Engine) => void,
): Promise<Model> {
  expectLayer("createModel", "network", network);
  const settings = readModelOptions(options);
  expectNetwork("createModel", network);
  await expectKept("createModel", settings.transform);
  const described = describeNetwork(network, [...settings.inputShape], settings.prefer);
  expectTensors("createModel", described.parameters.length + described.buffers.length);
  const classNames = readClassNames("createModel", settings.classNames, described.outputShape);
  const { engine, info } = await assemble(host, described, settings, differentiate);
  fill(engine);
  return new Model(engine, info, { transform: settings.transform, classNames, temperature: undefined });
}

/** `createModel` of an entry point: of its runtime, with the kernels that it brings. */
export const modelCreator =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  (network: Layer, options: ModelOptions): Promise<Model> =>
    makeModel({ ...runtime, kernels }, network, options, initialise);

/** `loadModel` of an entry point. */
export const modelLoader =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (source: FileSource, options?: LoadOptions): Promise<Model> => {
    await expectKept("loadModel", options?.transform);
    const { engine, info, ...extras } = await assembleSaved({ ...runtime, kernels }, source, options, differentiate);
    return new Model(engine, info, extras);
  };
