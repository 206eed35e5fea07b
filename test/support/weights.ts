// What tests do with the weights of a model.
import type { Model } from "../../src/model/model.js";

/** Replaces some weights, in PyTorch's layout, and keeps the others. */
export function setWeights(
  model: Model,
  weights: Record<string, { data: ArrayLike<number>; shape: readonly number[] }>,
): void {
  model.loadStateDict(
    new Map<string, { data: ArrayLike<number>; shape: readonly number[] }>([
      ...model.stateDict(),
      ...Object.entries(weights),
    ]),
  );
}

/** The bits of all weights and buffers. */
export function weightBits(model: Model): string {
  return [...model.stateDict()]
    .map(([name, { data }]) => `${name}:${Buffer.from(data.buffer).toString("base64")}`)
    .join("\n");
}
