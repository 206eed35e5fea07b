/** What a model's classes are called. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { MAX_CLASS_NAMES } from "./limits.js";

/** A name for each class, or none at all. Throws `ArgumentError` where they are not as many as outputs. */
export function readClassNames(where: string, names: unknown, outputShape: Shape): readonly string[] | undefined {
  if (names === undefined || names === null) return undefined;
  const classes = outputShape[outputShape.length - 1];
  if (!isNames(names) || names.length !== classes) {
    const got = Array.isArray(names) ? `${names.length}: ${describe(names)}` : describe(names);
    throw new ArgumentError(expectation(where, "classNames", `${classes} names, one for each output`, got));
  }
  const { length } = JSON.stringify(names);
  if (length > MAX_CLASS_NAMES)
    throw new ArgumentError(expectation(where, "classNames", `at most ${MAX_CLASS_NAMES} characters`, length));
  return Object.freeze([...names]);
}

const isNames = (names: unknown): names is string[] =>
  Array.isArray(names) && names.every((name) => typeof name === "string");
