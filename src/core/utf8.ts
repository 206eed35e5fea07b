/** Text in bytes. */
import { ability } from "./ability.js";

/** Reads UTF-8, a byte order mark in place; undefined where bytes are none. */
export function utf8Decoder(where: string): (bytes: Uint8Array) => string | undefined {
  const decoder = new (ability(where, "TextDecoder"))("utf-8", { fatal: true, ignoreBOM: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
}
