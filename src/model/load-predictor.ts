/** Loads models for predictions alone: neither gradients nor training come into the bundle. */
import type { FileSource } from "../data/places.js";
import type { Host, Runtime } from "../runtime/host.js";
import { assembleSaved } from "./assemble.js";
import type { LoadOptions } from "./options.js";
import { Predictor } from "./predictor.js";

/** `loadModel` of an entry point for inference. */
export const predictorLoader =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (source: FileSource, options?: LoadOptions): Promise<Predictor> => {
    const { engine, info, ...extras } = await assembleSaved({ ...runtime, kernels }, source, options);
    return new Predictor(engine, info, extras);
  };
