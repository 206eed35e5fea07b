/**
 * Weights in eight bits: integers from -127 to 127 and, for each row of the first dimension (an output channel), a scale by which
 * they are multiplied, w = scale q, in a tensor of its own beside them.
 */
import { describe } from "../core/errors.js";
import { formatShape, sameShape } from "../core/shape.js";
import type { Dtype } from "./dtypes.js";
import { type Entry, formatError, type Origin } from "./safetensors-header.js";

/** A tensor as a file holds it. */
interface StoredTensor {
  data: Float32Array;
  shape: number[];
  dtype: Dtype;
}

/** The name of the scales of a tensor. */
export const scaleName = (name: string): string => `${name}.int8_scale`;

/**
 * A scale of at least x: the next float32 whose last 7 bits are 0, so that 127 of it is a float32, and what was loaded is saved as
 * it was. 1 for 0.
 */
export function int8Scale(x: number): number {
  if (x === 0) return 1;
  const number = Float32Array.of(x);
  const bits = new Int32Array(number.buffer);
  bits[0] = (bits[0] + 127) & ~127;
  return number[0];
}

/** Puts tensors of eight bits and their scales together, in whatever order they come. */
export class Int8Pairs {
  /** The other half of each, by name. */
  readonly #other = new Map<string, string>();
  readonly #waiting = new Map<string, StoredTensor>();

  /** Throws `FormatError` on scales that are not one for each row. */
  constructor(entries: readonly Entry[], origin: Origin) {
    const known = new Map(entries.map((entry) => [entry.name, entry]));
    for (const { name, dtype, shape } of entries) {
      const scales = known.get(scaleName(name));
      if (dtype !== "I8" || !scales) continue;
      if (shape.length < 2 || !sameShape(scales.shape, [shape[0]]))
        throw formatError(
          origin,
          `tensor ${describe(scales.name)}`,
          `[${shape[0]}], a scale for each row of ${formatShape(shape)}`,
          formatShape(scales.shape),
        );
      this.#other.set(name, scales.name);
      this.#other.set(scales.name, name);
    }
  }

  /** A tensor with its name: as it is, or of a pair the weights, when both have come. */
  take(name: string, tensor: StoredTensor): [name: string, tensor: StoredTensor] | undefined {
    const otherName = this.#other.get(name);
    if (otherName === undefined) return [name, tensor];
    const other = this.#waiting.get(otherName);
    this.#waiting.set(name, tensor);
    if (!other) return undefined;
    for (const each of [name, otherName]) this.#waiting.delete(each);
    const [weights, scales] = tensor.dtype === "I8" ? [tensor, other] : [other, tensor];
    const each = weights.data.length / scales.data.length;
    for (let i = 0; i < weights.data.length; i++) weights.data[i] *= scales.data[Math.floor(i / each)];
    return [tensor === weights ? name : otherName, weights];
  }
}
