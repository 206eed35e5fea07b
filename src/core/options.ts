/**
 * Options told once: a schema gives each option's type, check, message and default. `readOptions` does the rest, so no
 * option goes unchecked and an unknown one is refused.
 *
 *   const schema = () =>
 *     ({ lr: number({ min: 0 }), nesterov: flag(false) }) satisfies Schema<SGDOptions>;
 *   const { lr, nesterov } = readOptions("SGD", options, schema);
 *
 * `satisfies` holds the documented interface and the schema together: a key that one of them lacks, another type, or a
 * default that only one of them knows does not compile. Schemas are functions because a bundler drops a function that
 * nobody calls, but not the result of a call.
 */
import { expectBoolean, expectInteger, expectNumber, expectOneOf } from "./check.js";
import { ArgumentError, describe, expectation } from "./errors.js";
import { nearest } from "./nearest.js";
import { tagOf } from "./tag.js";

/** Gives a value as the library works with it, or throws an `ArgumentError` that says `where: name expected …`. */
export type Check<Out> = (where: string, name: string, value: unknown) => Out;

/** The check of one option. `In` is what the user may give, `undefined` included where the option may be left out. */
export interface Option<Out, In = Out> extends Check<Out> {
  /** For the type checker alone: makes options of different `In` different types. */
  readonly accepts?: (value: In) => In;
}

/** The options of an interface: a key each, `undefined` accepted exactly where the key is optional. */
export type Schema<Given> = { [K in keyof Given]-?: Option<unknown, Given[K]> };

type Checks = Record<string, Check<unknown>>;

/** What `readOptions` gives: every option, defaults filled in. */
export type Read<S extends Checks> = { [K in keyof S]: ReturnType<S[K]> };

/** Checks a record of options against its schema and fills in the defaults, in the schema's order. */
export function readOptions<S extends Checks>(where: string, given: unknown, schema: () => S): Read<S> {
  const checks = schema();
  const record = given === undefined ? {} : given;
  expectOptions(where, record);
  for (const key of Object.keys(record))
    if (!Object.hasOwn(checks, key)) throw unknownOption(where, key, Object.keys(checks));
  const read: Record<string, unknown> = {};
  for (const key of Object.keys(checks)) read[key] = checks[key](where, key, record[key]);
  return read as Read<S>;
}

/** Options of a Map, or of a promise that nobody awaited, would all be taken for left out. */
export function expectOptions(where: string, given: unknown): asserts given is Readonly<Record<string, unknown>> {
  if (!["Object", "Module"].includes(tagOf(given)))
    throw new ArgumentError(expectation(where, "options", "an object", given));
}

function unknownOption(where: string, key: string, known: readonly string[]): ArgumentError {
  const near = nearest(key, known, key.length > 4 ? 2 : 1);
  const hint = near && `Did you mean "${near}"?`;
  return new ArgumentError(expectation(where, "option", known.join(", ") || "none", describe(key), { hint }));
}

/** What may be left out has `undefined` among its inputs. */
type Given<T, D> = [D] extends [undefined] ? T : T | undefined;

/** An option that is `fallback` where it is left out; without one it stays `undefined`. */
export function optional<Out, In>(option: Option<Out, In>): Option<Out | undefined, In | undefined>;
export function optional<Out, In>(option: Option<Out, In>, fallback: Out): Option<Out, In | undefined>;
export function optional<Out, In>(option: Option<Out, In>, fallback?: Out): Option<Out | undefined, In | undefined> {
  return (where, name, value) => (value === undefined ? fallback : option(where, name, value));
}

interface IntegerRange<D> {
  /** Default 0. */
  min?: number;
  max?: number;
  default?: D;
}

export function integer<D extends number | undefined = undefined>(
  range: IntegerRange<D> = {},
): Option<number, Given<number, D>> {
  const { min = 0, max } = range;
  return (where, name, value) => expectInteger(where, name, value === undefined ? range.default : value, min, max);
}

interface NumberRange<D> {
  min?: number;
  max?: number;
  /** Bounds that are excluded. */
  open?: "min" | "max" | "both";
  default?: D;
}

/** A finite number. */
export function number<D extends number | undefined = undefined>(
  range: NumberRange<D> = {},
): Option<number, Given<number, D>> {
  const { min, max, open } = range;
  return (where, name, value) => expectNumber(where, name, value === undefined ? range.default : value, min, max, open);
}

/** A number that kernels read as float32, and that is not 0 or infinite there unless it is so itself. */
export const float32 =
  <In>(option: Option<number, In>): Option<number, In> =>
  (where, name, value) => {
    const given = option(where, name, value);
    const rounded = Math.fround(given);
    if (Number.isFinite(rounded) && (rounded !== 0 || given === 0)) return given;
    throw new ArgumentError(expectation(where, name, "a number that float32 can hold, 1e-38 to 3e38", given));
  };

/** A number above 0. */
export const positive = <D extends number | undefined = undefined>(fallback?: D): Option<number, Given<number, D>> =>
  number({ min: 0, open: "min", default: fallback as D });

/** A probability, or another share of 1. */
export const share = <D extends number | undefined = undefined>(fallback?: D): Option<number, Given<number, D>> =>
  number({ min: 0, max: 1, default: fallback as D });

/** true or false. */
export const flag =
  <D extends boolean | undefined = undefined>(fallback?: D): Option<boolean, Given<boolean, D>> =>
  (where, name, value) =>
    expectBoolean(where, name, value === undefined ? fallback : value);

/** One of some words. */
export const oneOf =
  <const T extends string | boolean, D extends T | undefined = undefined>(
    choices: readonly T[],
    fallback?: D,
  ): Option<T, Given<T, D>> =>
  (where, name, value) =>
    expectOneOf(where, name, value === undefined ? fallback : value, choices);

/** Whatever passes a test; `expected` says in the message what that is. */
export const checked =
  <T>(expected: string, accepts: (value: unknown) => value is T): Option<T> =>
  (where, name, value) => {
    if (accepts(value)) return value;
    throw new ArgumentError(expectation(where, name, expected, describe(value)));
  };

export const text: Option<string> = (where, name, value) =>
  checked("a string", (v) => typeof v === "string")(where, name, value);

/** Taken as it is: whoever reads it checks it, by what else was given. */
export const as =
  <T>(): Option<T> =>
  (_where, _name, value) =>
    value as T;

/** What stops a call that takes long. */
export const signal: Option<AbortSignal | undefined> = (where, name, value) =>
  optional(
    checked(
      "an AbortSignal",
      (v): v is AbortSignal => typeof (v as Partial<AbortSignal> | null)?.throwIfAborted === "function",
    ),
  )(where, name, value);

/** Whether a value is an object with entries, such as `{}` or what JSON gives. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An array, each element of it checked as `name[i]`. */
export const list =
  <Out, In>(element: Option<Out, In>, expected = "an array", length?: number): Option<Out[], readonly In[]> =>
  (where, name, value) => {
    if (!Array.isArray(value) || (length !== undefined && value.length !== length))
      throw new ArgumentError(expectation(where, name, expected, value));
    return Array.from(value, (item, i) => element(where, `${name}[${i}]`, item));
  };
