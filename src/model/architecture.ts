/** Networks in the metadata of saved models. */

import { expectation, FormatError } from "../core/errors.js";
import { isSize, type Shape } from "../core/shape.js";
import { messageOf } from "../core/thrown.js";
import { fetchLayers } from "../nn/fetch-layers.js";
import type { Layer } from "../nn/layer.js";
import { makeLayer } from "../nn/registry.js";
import { MAX_CLASS_NAMES, MAX_NETWORK, MAX_TRANSFORM } from "./limits.js";
import { isTemperature } from "./temperature.js";

/** Metadata key under which `save` writes the architecture. */
export const METADATA_KEY = "resnet-wasm";

/** Metadata key of a trainer's checkpoint. */
export const CHECKPOINT_KEY = "resnet-wasm-trainer";

/** A network, the inputs it takes and how they are prepared. */
export interface Architecture {
  inputShape: Shape;
  network: Layer;
  transform?: unknown;
  /** Read from a file they may be anything. */
  classNames?: unknown;
  temperature?: number | undefined;
}

export const isSampleShape = (shape: unknown): shape is number[] =>
  Array.isArray(shape) && shape.length > 0 && shape.every(isSize);

/** Throws `FormatError` when there is none, or none that can be made. */
export async function readArchitecture(metadata: Readonly<Record<string, string>>): Promise<Architecture> {
  const text = metadata[METADATA_KEY];
  if (text === undefined) {
    const hint =
      metadata[CHECKPOINT_KEY] !== undefined
        ? "This is a checkpoint: trainer.load reads what trainer.save wrote"
        : "Files of other programs hold weights only: create the network, then model.loadStateDict(readSafetensors(bytes).tensors)";
    throw new FormatError(expectation("loadModel", "metadata", `the key "${METADATA_KEY}"`, "none", { hint }));
  }
  const tooLong = (name: string, limit: number, length: number) =>
    new FormatError(expectation("loadModel", name, `at most ${limit} characters`, length));
  const limit = MAX_NETWORK + MAX_TRANSFORM + MAX_CLASS_NAMES;
  if (text.length > limit) throw tooLong("metadata", limit, text.length);
  let json: Partial<Record<"format" | keyof Architecture, unknown>>;
  try {
    json = JSON.parse(text) ?? {};
  } catch (cause) {
    throw new FormatError(expectation("loadModel", "metadata", "JSON", String(cause)), { cause });
  }
  if (json.format !== 1) throw new FormatError(expectation("loadModel", "format", 1, json.format));
  const layers = JSON.stringify(json.network ?? null);
  if (layers.length > MAX_NETWORK) throw tooLong("network", MAX_NETWORK, layers.length);
  const { inputShape, transform, classNames, temperature } = json;
  if (!isSampleShape(inputShape))
    throw new FormatError(expectation("loadModel", "inputShape", "sizes above 0", inputShape));
  if (temperature !== undefined && !isTemperature(temperature))
    throw new FormatError(expectation("loadModel", "temperature", "a number above 0", temperature));
  const classes = await fetchLayers(layers);
  try {
    return { inputShape, network: makeLayer(json.network, classes), transform, classNames, temperature };
  } catch (cause) {
    throw new FormatError(expectation("loadModel", "network", "layers that can be made", messageOf(cause)), {
      cause,
    });
  }
}
