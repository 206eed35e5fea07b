/** How errors travel between a page and its model's worker. */
import * as errors from "../core/errors.js";

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
  StoreError: errors.StoreError,
  QuotaError: errors.QuotaError,
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
