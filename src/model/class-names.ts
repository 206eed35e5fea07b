/** What classes are called. A class is its place in a list of names, so lists are compared by their order wherever two meet. */
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import type { Dataset } from "../data/dataset.js";
import { MAX_CLASS_NAMES } from "./limits.js";
import type { LoadStateDictOptions } from "./state.js";

/** Names in the order of the outputs. */
export type ClassNames = readonly string[] | undefined;

/** A name for each class, or none at all. Throws `ArgumentError` where they are not as many as outputs. */
export function readClassNames(where: string, names: unknown, outputShape: Shape): ClassNames {
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

export const isNames = (names: unknown): names is string[] =>
  Array.isArray(names) && names.every((name) => typeof name === "string");

/** The names of a dataset's classes; undefined where it has none. */
export const classNamesOf = ({ classNames }: Dataset): ClassNames => (isNames(classNames) ? classNames : undefined);

/** Throws `DataError`, with both lists, where classes have other names than were known before, or another order. */
export function expectClassNames(where: string, known: ClassNames, given: ClassNames): void {
  if (!known || !given) return;
  const at = known.findIndex((name, i) => name !== given[i]);
  if (at < 0 && known.length === given.length) return;
  const from = Math.max(0, (at < 0 ? known.length : at) - 4); // long lists from where they part
  const hint =
    "Give loadImageFolder the classNames of the training set, tables its transform; for other classes set model.classNames";
  const name = from > 0 ? `classNames from ${from} on` : "classNames";
  throw new DataError(expectation(where, name, known.slice(from), given.slice(from), { hint }));
}

/** Names of the classes that weights were trained for, where a model of this library gave them. */
const ofStates = new WeakMap<object, ClassNames>();

export function nameState<S extends object>(state: S, names: ClassNames): S {
  ofStates.set(state, names);
  return state;
}

/** The names that come with all weights of a model, to be taken where there are none. Throws `DataError` on others. */
export function namesWith(known: ClassNames, state: object, options: LoadStateDictOptions | undefined): ClassNames {
  const { strict, skip } = Object(options);
  const names = strict === false || skip ? undefined : ofStates.get(Object(state));
  expectClassNames("loadStateDict", known, names);
  return known ?? names;
}
