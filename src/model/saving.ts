/** Models as files. Loaded on demand. */
import { expectation, NumericError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { int8Scale, scaleName } from "../io/int8.js";
import { writeSafetensors } from "../io/safetensors-writer.js";
import { type Architecture, METADATA_KEY } from "./architecture.js";
import type { StateDict } from "./state.js";
import { readTemperature } from "./temperature.js";
import { expectTransform } from "./transform-limits.js";

/** The types of weights with two and more dimensions. */
export type SavedType = "F32" | "F16" | "BF16" | "I8";

/** Throws `ArgumentError` on a transform or a temperature, set since the model was made, that `loadModel` would refuse. */
export function writeModel(
  { inputShape, network, transform, classNames, temperature }: Architecture,
  state: StateDict,
  dtype: SavedType,
): Uint8Array<ArrayBuffer> {
  expectTransform("save", transform);
  readTemperature("save", temperature);
  const architecture = { format: 1, inputShape, network, transform, classNames, temperature };
  const isCounter = (name: string) => name.endsWith("num_batches_tracked");
  // Norms and biases are few, and what they hold is not of the order of 1.
  const isMatrix = (name: string) => lookUp(state, name).shape.length > 1;
  const isScale = (name: string) => !state.has(name);
  return writeSafetensors(dtype === "I8" ? toInt8(state, isMatrix) : state, {
    metadata: { [METADATA_KEY]: JSON.stringify(architecture) },
    digest: true,
    dtype: (name) => (isScale(name) ? "F32" : isCounter(name) ? "I64" : isMatrix(name) ? dtype : "F32"),
  });
}

/** Weights of these names as integers, and their scales. Throws `NumericError` on weights that are not finite. */
export function toInt8(state: StateDict, isMatrix: (name: string) => boolean): StateDict {
  const written: StateDict = new Map();
  for (const [name, tensor] of state) {
    if (!isMatrix(name)) {
      written.set(name, tensor);
      continue;
    }
    const { data, shape } = tensor;
    const [rows] = shape;
    const each = data.length / rows;
    const scales = new Float32Array(rows);
    const q = new Float32Array(data.length);
    for (let row = 0; row < rows; row++) {
      const at = row * each;
      let most = 0;
      for (let i = at; i < at + each; i++) {
        if (!Number.isFinite(data[i]))
          throw new NumericError(expectation("save", `tensor "${name}" element ${i}`, "a finite weight", data[i]));
        most = Math.max(most, Math.abs(data[i]));
      }
      scales[row] = int8Scale(most / 127);
      for (let i = at; i < at + each; i++) q[i] = most === 0 ? 0 : Math.round(data[i] / scales[row]);
    }
    written.set(name, { data: q, shape });
    written.set(scaleName(name), { data: scales, shape: [rows] });
  }
  return written;
}
