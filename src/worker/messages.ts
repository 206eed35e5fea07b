/** What a page and its model's worker say to each other, and how errors travel. */
import * as errors from "../core/errors.js";
import type { CallName, QuestionName } from "./calls.js";

/** From the page. A call without an id wants no answer. */
export type Request =
  /** The first message: the worker holds the lock of this name, where there are locks, for as long as it lives. */
  | { hello: string }
  | { id?: number; method: CallName; args: unknown[]; aborted?: boolean }
  | { abort: number }
  /** What the page's function for question `answer` gave; `failed`: it threw, and the page keeps the error. */
  | { answer: number; value?: unknown; failed?: boolean };

/** From the worker. */
export type Response =
  /** `locked`: the lock of the first message is held. */
  | { ready: true; locked: boolean }
  | { id: number; value: unknown }
  | { id: number; error: ErrorRecord }
  /** The call ended because its signal was aborted, or because a function of the page threw. */
  | { id: number; ended: "aborted" | "failed" }
  /** Call `id` wants something of the page and waits for the answer. */
  | { id: number; ask: number; name: QuestionName; value: unknown }
  /** Call `id` reports and does not wait. */
  | { id: number; tell: QuestionName; value: unknown };

export interface ErrorRecord {
  name: string;
  message: string;
  stack: string;
  cause?: ErrorRecord;
}

const CLASSES: Record<string, new (message: string, options?: ErrorOptions) => Error> = {
  ResnetWasmError: errors.ResnetWasmError,
  ShapeError: errors.ShapeError,
  ArgumentError: errors.ArgumentError,
  DataError: errors.DataError,
  FormatError: errors.FormatError,
  StateDictError: errors.StateDictError,
  RuntimeSupportError: errors.RuntimeSupportError,
  NumericError: errors.NumericError,
  TypeError,
  RangeError,
};

/** Causes deeper than this are left out. */
const MAX_DEPTH = 4;

export function encodeError(error: unknown, depth = 0): ErrorRecord {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  const record: ErrorRecord = { name, message, stack: stack ?? "" };
  if (cause !== undefined && depth < MAX_DEPTH) record.cause = encodeError(cause, depth + 1);
  return record;
}

/** An error of the same class, message and cause. Its stack shows both sides. */
export function decodeError({ name, message, stack, cause }: ErrorRecord): Error {
  const ErrorClass = CLASSES[name] ?? Error;
  const error = new ErrorClass(message, cause && { cause: decodeError(cause) });
  error.name = name;
  error.stack = `${error.stack}\n    in the worker: ${stack}`;
  return error;
}
