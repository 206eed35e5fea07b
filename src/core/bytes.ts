/** Files in memory, as readers take them. */
import { ArgumentError, describe, expectation } from "./errors.js";
import { tagOf } from "./tag.js";

/** A file in memory, as bytes that are not copied. Throws `ArgumentError` on whatever else, and where the memory was given away. */
export function asBytes(where: string, bytes: unknown, name = "bytes"): Uint8Array {
  let got = describe(bytes);
  if (/^(Uint8Array|(Shared)?ArrayBuffer)$/.test(tagOf(bytes)))
    try {
      // What only calls itself an ArrayBuffer makes no view.
      const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes) ? bytes : new DataView(bytes as ArrayBuffer);
      return new Uint8Array(buffer, byteOffset, byteLength);
    } catch (error) {
      got = String(error);
    }
  throw new ArgumentError(expectation(where, name, "a Uint8Array or ArrayBuffer", got));
}
