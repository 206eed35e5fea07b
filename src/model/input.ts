/** Inputs of networks on their way into a step: one rule for bytes, that of datasets. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { isBytes } from "../core/tag.js";
import { type Batch, type TensorLike, toBatch } from "../core/tensor.js";

/** Whose input it is. */
interface Receiver {
  readonly inputShape: Shape;
  readonly transform: unknown;
}

/** Whether these are pixels as files and canvases have them, of 0 to 255. */

/**
 * Reads `x` as a batch for a model; `fillInput` writes it to a step. Bytes mean value / 255. Throws `ArgumentError` on
 * bytes for a model with a transform: they may be a picture before it or after.
 */
export function toInput(where: string, x: TensorLike, { inputShape, transform }: Receiver): Batch {
  const batch = toBatch(where, "input", x, inputShape);
  if (isBytes(batch.data) && transform !== undefined && transform !== null) {
    const hint =
      "model.classify(image) takes the picture itself, transformImage of resnet-wasm/data makes an input of it; of " +
      "bytes that are transformed make floats";
    const expected = "numbers that model.transform has made";
    throw new ArgumentError(expectation(where, "input", expected, `bytes, ${describe(batch.data)}`, { hint }));
  }
  return batch;
}

/** target = source[from, from + target.length), bytes divided by 255. */
export function fillInput(target: Float32Array, source: ArrayLike<number>, from = 0): void {
  if (isBytes(source)) for (let i = 0; i < target.length; i++) target[i] = source[from + i] / 255;
  else copyInto(target, source, from);
}

/** target = source[from, from + target.length). */
export function copyInto(target: Float32Array, source: ArrayLike<number>, from = 0): void {
  if (source instanceof Float32Array)
    target.set(from === 0 && source.length === target.length ? source : source.subarray(from, from + target.length));
  else for (let i = 0; i < target.length; i++) target[i] = source[from + i];
}
