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

/** The base of every error that this package throws on purpose. */
export class ResnetWasmError extends Error {
  override name = "ResnetWasmError";
}

/** A tensor, layer or network whose shapes do not fit together. */
export class ShapeError extends ResnetWasmError {
  override name = "ShapeError";
}

/** An argument or option of a function that is unknown, of the wrong kind or out of range. */
export class ArgumentError extends ResnetWasmError {
  override name = "ArgumentError";
}

/** Data to train or predict on: labels out of range, NaN where none may be, an empty dataset, a file missing. */
export class DataError extends ResnetWasmError {
  override name = "DataError";
}

/** Bytes that are not what their format says. */
export class FormatError extends ResnetWasmError {
  override name = "FormatError";
}

/** Weights that do not fit a network: all missing, unexpected and wrongly shaped names in one error. */
export class StateDictError extends ResnetWasmError {
  override name = "StateDictError";
}

/** The runtime lacks something: SIMD, memory, threads, a file system. */
export class RuntimeSupportError extends ResnetWasmError {
  override name = "RuntimeSupportError";
}

/** A loss, activation or gradient that is not finite. */
export class NumericError extends ResnetWasmError {
  override name = "NumericError";
}

/** A place where files are kept that cannot be used: another process or tab has it, or it fails. */
export class StoreError extends ResnetWasmError {
  override name = "StoreError";
}

/** No room for a file. What was there before is still there. */
export class QuotaError extends StoreError {
  override name = "QuotaError";
}

/** Where an error happened (`path` in the network, a file's name) and what cures it. */
export interface ErrorContext {
  path?: string | undefined;
  hint?: string | undefined;
}

/** `<where>: [<path>: ]<name> expected <expected>, got <got>[. <hint>]`. Strings are taken as they are. */
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

/** Any value in a few words, for messages: bounded in length whatever the value, never throwing. */
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
