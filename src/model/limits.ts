/** What `save` can write and `loadModel` reads: told when a model is made, not after it was trained. */

import { ArgumentError, expectation, FormatError } from "../core/errors.js";
import { MAX_TENSORS } from "../io/limits.js";
import type { Layer } from "../nn/layer.js";
import { expectNesting } from "../nn/registry.js";

/** Characters of a network as JSON; ResNet-152 has about 10^4. */
export const MAX_NETWORK = 2 ** 20;
/** Characters of a transform as JSON: 1,000 quantile tables of 1,000 numbers have half as many. */
export const MAX_TRANSFORM = 2 ** 25;
/** Characters of the names of classes; the 21,841 of ImageNet have about 5 * 10^5. */
export const MAX_CLASS_NAMES = 2 ** 22;

/** Throws `ArgumentError` on a network that `loadModel` would refuse. */
export function expectNetwork(where: string, network: Layer): void {
  try {
    const json = network.toJSON();
    expectNesting(json);
    const { length } = JSON.stringify(json);
    if (length > MAX_NETWORK) throw refuse(where, "network", `at most ${MAX_NETWORK} characters as JSON`, length);
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof RangeError)) throw cause;
    throw new ArgumentError(`${where}: network: ${cause.message}`, { cause });
  }
}

/** Throws `ArgumentError` where a model has more parameters and buffers than a file can hold. */
export function expectTensors(where: string, count: number): void {
  if (count > MAX_TENSORS) throw refuse(where, "parameters and buffers", `at most ${MAX_TENSORS}`, count);
}

/** What a file cannot hold. */
export const refuse = (where: string, name: string, expected: string, got: unknown, hint?: string) =>
  new ArgumentError(expectation(where, name, expected, got, { hint }));
