/** What `save` can write of a transform. Loaded for models that have one. */
import { hasMethod } from "../core/keys.js";
import { isRecord } from "../core/options.js";
import { MAX_TRANSFORM, refuse } from "./limits.js";

/** Levels of a transform. */
const MAX_LEVELS = 64;

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
