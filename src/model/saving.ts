/** Models as files. Loaded on demand. */
import { lookUp } from "../core/look-up.js";
import { writeSafetensors } from "../io/safetensors-writer.js";
import { type Architecture, METADATA_KEY } from "./architecture.js";
import { expectTransform } from "./limits.js";
import type { StateDict } from "./state.js";
import { readTemperature } from "./temperature.js";

/** Throws `ArgumentError` on a transform or a temperature, set since the model was made, that `loadModel` would refuse. */
export function writeModel(
  { inputShape, network, transform, classNames, temperature }: Architecture,
  state: StateDict,
  dtype: "F32" | "F16" | "BF16",
): Uint8Array<ArrayBuffer> {
  expectTransform("save", transform);
  readTemperature("save", temperature);
  const architecture = { format: 1, inputShape, network, transform, classNames, temperature };
  const isCounter = (name: string) => name.endsWith("num_batches_tracked");
  // Norms and biases are few, and what they hold is not of the order of 1.
  const isMatrix = (name: string) => lookUp(state, name).shape.length > 1;
  return writeSafetensors(state, {
    metadata: { [METADATA_KEY]: JSON.stringify(architecture) },
    digest: true,
    dtype: (name) => (isCounter(name) ? "I64" : isMatrix(name) ? dtype : "F32"),
  });
}
