/**
 * Every error that leaves the library is one of these. They are raised once, at the public edge.
 *
 * Message convention: `<op or function>: <name> expected <X>, got <Y>`, with the layer's path in the network and
 * a hint where the cure is known. `expectation` builds it:
 *
 *   throw new ShapeError(expectation("predict", "input", "[n, 784]", "[32, 28, 28]", { path: "main.0" }));
 *   → predict: main.0: input expected [n, 784], got [32, 28, 28]
 */

import { clip } from "./clip.js";

/**
 * The base of every error that this package throws on purpose.
 *
 * @example
 * try {
 *   model.predict([1, 2]);
 * } catch (error) {
 *   if (error instanceof ResnetWasmError) console.log(error.message); // of any of its kinds
 * }
 */
export class ResnetWasmError extends Error {
  override name = "ResnetWasmError";
}

/**
 * A tensor, layer or network whose shapes do not fit together.
 *
 * @example
 * try {
 *   model.predict([1, 2]);
 * } catch (error) {
 *   if (error instanceof ShapeError) console.log(error.message); // what was expected, and what was given
 * }
 */
export class ShapeError extends ResnetWasmError {
  override name = "ShapeError";
}

/**
 * An argument or option of a function that is unknown, of the wrong kind or out of range.
 *
 * @example
 * try {
 *   new Linear(0, 1);
 * } catch (error) {
 *   if (error instanceof ArgumentError) console.log(error.message);
 * }
 */
export class ArgumentError extends ResnetWasmError {
  override name = "ArgumentError";
}

/**
 * Data to train or predict on: labels out of range, NaN where none may be, an empty dataset, a file missing.
 *
 * @example
 * try {
 *   readCsv("");
 * } catch (error) {
 *   if (error instanceof DataError) console.log(error.message);
 * }
 */
export class DataError extends ResnetWasmError {
  override name = "DataError";
}

/**
 * Bytes that are not what their format says.
 *
 * @example
 * try {
 *   await loadModel(new Uint8Array(8));
 * } catch (error) {
 *   if (error instanceof FormatError) console.log(error.message); // the file is no model
 * }
 */
export class FormatError extends ResnetWasmError {
  override name = "FormatError";
}

/**
 * Weights that do not fit a network: all missing, unexpected and wrongly shaped names in one error.
 *
 * @example
 * try {
 *   model.loadStateDict(new Map());
 * } catch (error) {
 *   if (error instanceof StateDictError) console.log(error.message); // missing, unexpected, of other shapes
 * }
 */
export class StateDictError extends ResnetWasmError {
  override name = "StateDictError";
}

/**
 * The runtime lacks something: SIMD, memory, threads, a file system.
 *
 * @example
 * try {
 *   await createModel(new Linear(2, 2), { inputShape: [2] });
 * } catch (error) {
 *   if (error instanceof RuntimeSupportError) console.log(error.message); // no SIMD here, say
 *   else throw error;
 * }
 */
export class RuntimeSupportError extends ResnetWasmError {
  override name = "RuntimeSupportError";
}

/**
 * A loss, activation or gradient that is not finite.
 *
 * @example
 * try {
 *   await trainer.fit(dataset, { epochs: 1 });
 * } catch (error) {
 *   if (error instanceof NumericError) console.log(error.message); // a loss or gradient is no number any more
 *   else throw error;
 * }
 */
export class NumericError extends ResnetWasmError {
  override name = "NumericError";
}

/**
 * A place where files are kept that cannot be used: another process or tab has it, or it fails.
 *
 * @example
 * try {
 *   await model.save(memoryStore());
 * } catch (error) {
 *   if (error instanceof StoreError) console.log(error.message);
 *   else throw error;
 * }
 */
export class StoreError extends ResnetWasmError {
  override name = "StoreError";
}

/**
 * No room for a file. What was there before is still there.
 *
 * @example
 * try {
 *   await model.save(memoryStore());
 * } catch (error) {
 *   if (error instanceof QuotaError) console.log("the browser has no room left");
 *   else throw error;
 * }
 */
export class QuotaError extends StoreError {
  override name = "QuotaError";
}

/** Where an error happened (`path` in the network, a file's name) and what cures it. */
export interface ErrorContext {
  path?: string | undefined;
  hint?: string | undefined;
}

/**
 * `<where>: [<path>: ]<name> expected <expected>, got <got>[. <hint>]`. Strings are taken as they are.
 *
 * @example
 * console.log(expectation("myFunction", "size", "an integer of 1 or more", 0));
 */
export function expectation(
  where: string,
  name: string,
  expected: unknown,
  got: unknown,
  context: ErrorContext = {},
): string {
  const path = context.path ? `${text(context.path, 200)}: ` : "";
  const hint = context.hint ? `. ${text(context.hint)}` : "";
  return `${text(where, 80)}: ${path}${text(name, 200)} expected ${text(expected)}, got ${text(got)}${hint}`;
}

/**
 * Any value in a few words, for messages: bounded in length whatever the value, never throwing.
 *
 * @example
 * describe([1, 2, 3]); // what was given, for the message of an error
 */
export function describe(value: unknown): string {
  try {
    return show(value);
  } catch {
    return "what cannot be read"; // its getters throw, or it is a proxy that was revoked
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(clip(value));
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return clip(`${value}n`);
  // Minifiers leave their names to classes alone.
  if (typeof value === "function") return /^class\b/.test(String(value)) ? `class ${clip(value.name)}` : "a function";
  if (typeof value === "symbol") return "a symbol";
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const head = value.slice(0, 8).map((item) => (Array.isArray(item) ? "[…]" : describe(item)));
    return `[${head.join(", ")}${value.length > 8 ? `, … ${value.length} in all` : ""}]`;
  }
  const kind = Object.getPrototypeOf(value)?.constructor?.name;
  if (ArrayBuffer.isView(value)) return `${kind}(${"length" in value ? value.length : value.byteLength})`;
  return kind && kind !== "Object" ? `a ${clip(String(kind))}` : `{${clip(Object.keys(value).slice(0, 8).join(", "))}}`;
}

/** Strings are taken as they are, but not without end: some are what a caller gave. */
const text = (value: unknown, most = 600): string =>
  typeof value === "string" ? (value.length > most ? `${value.slice(0, most - 3)}…` : value) : describe(value);
