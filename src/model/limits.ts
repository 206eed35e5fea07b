/** What `save` can write and `loadModel` reads: told when a model is made, not after it was trained. */

import { ArgumentError, expectation, FormatError } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { isRecord } from "../core/options.js";
import { MAX_TENSORS } from "../io/limits.js";
import type { Layer } from "../nn/layer.js";
import { expectNesting } from "../nn/registry.js";

/** Characters of a network as JSON; ResNet-152 has about 10^4. */
export const MAX_NETWORK = 2 ** 20;
/** Characters of a transform as JSON: 1,000 quantile tables of 1,000 numbers have half as many. */
export const MAX_TRANSFORM = 2 ** 25;
/** Characters of the names of classes; the 21,841 of ImageNet have about 5 * 10^5. */
export const MAX_CLASS_NAMES = 2 ** 22;
/** Levels of a transform. */
const MAX_LEVELS = 64;

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

/** Throws `ArgumentError`, with the path, on what JSON does not keep. */
export function expectTransform(where: string, transform: unknown): void {
  expectPlain(where, "transform", transform, 0);
  const length = JSON.stringify(transform)?.length ?? 0;
  if (length > MAX_TRANSFORM) throw refuse(where, "transform", `at most ${MAX_TRANSFORM} characters as JSON`, length);
}

function expectPlain(where: string, path: string, value: unknown, depth: number): void {
  if (isKept(value)) return;
  if (depth > MAX_LEVELS) throw refuse(where, path, `at most ${MAX_LEVELS} levels`, "more");
  if (typeof value === "number") throw refuse(where, path, "a finite number", value);
  if (hasMethod(value, "toJSON")) expectPlain(where, path, value.toJSON(), depth + 1);
  else if (Array.isArray(value))
    for (let i = 0; i < value.length; i++) {
      if (value[i] === undefined) throw refuse(where, `${path}[${i}]`, "a value", value[i]);
      if (!isKept(value[i])) expectPlain(where, `${path}[${i}]`, value[i], depth + 1);
    }
  else if (isRecord(value) && isPlain(value))
    for (const [key, item] of Object.entries(value)) expectPlain(where, `${path}.${key}`, item, depth + 1);
  else {
    const hint = ArrayBuffer.isView(value) ? "Array.from(values) makes an array of it" : undefined;
    throw refuse(where, path, "what JSON keeps: numbers, strings, arrays and records", value, hint);
  }
}

const isKept = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  ["string", "boolean"].includes(typeof value) ||
  (typeof value === "number" && Number.isFinite(value));

/** An object of no class, of whichever realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const refuse = (where: string, name: string, expected: string, got: unknown, hint?: string) =>
  new ArgumentError(expectation(where, name, expected, got, { hint }));
