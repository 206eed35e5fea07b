/** Files of other kinds than the one that is meant. */
import { foreign, formatError, type Origin } from "./safetensors-header.js";

/** Throws `FormatError`, with its cure, on a file whose first bytes tell that it is of another kind. */
export function refuseOther(origin: Origin, file: Uint8Array, expected: string, own: string): void {
  // A header's length below 2^56, and its brace.
  const isSafetensors = file[7] === 0 && file[8] === 0x7b;
  const what = isSafetensors ? "This is a safetensors file: loadModel or readSafetensors reads it" : foreign(file);
  if (what !== undefined && !what.includes(own)) throw formatError(origin, "file", expected, "another", what);
}
