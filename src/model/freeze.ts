/** Which parameters training leaves alone. */
import { ArgumentError, expectation } from "../core/errors.js";
import { expectModel } from "./expect-model.js";
import type { Model } from "./model.js";
import { matchesParameter, type NamePattern, namePattern } from "./names.js";

/**
 * Freezes all parameters and buffers that match: training does not change them, weight decay included. A BatchNorm of
 * which weight or running mean is frozen uses its running statistics in training too and does not update them. Layers
 * in front of the first trained one run as in prediction, and no backward pass; `cacheFeatures` saves their forward too.
 * Returns the names. Throws `ArgumentError` when nothing matches.
 *
 * @example
 * freeze(model, (name) => !name.startsWith("fc.")); // all but the head
 */
export function freeze(model: Model, pattern: NamePattern): string[] {
  const names = matching(model, pattern, "freeze");
  model.engine.freeze(new Set([...model.engine.frozen, ...names]));
  return names;
}

/**
 * Undoes `freeze` for all names that match. Returns the names.
 *
 * @example
 * freeze(model, /./);
 * unfreeze(model, "fc");
 */
export function unfreeze(model: Model, pattern: NamePattern): string[] {
  const names = matching(model, pattern, "unfreeze");
  const left = new Set(model.engine.frozen);
  for (const name of names) left.delete(name);
  model.engine.freeze(left);
  return names;
}

function matching(model: Model, pattern: NamePattern, where: string): string[] {
  expectModel(where, model);
  const { parameters, buffers } = model.engine.description;
  namePattern()(where, "pattern", pattern);
  const names = [...parameters, ...buffers].filter((entry) => matchesParameter(pattern, entry)).map(({ name }) => name);
  if (names.length === 0)
    throw new ArgumentError(expectation(where, "pattern", "a match among the state dict's names", String(pattern)));
  return names;
}
