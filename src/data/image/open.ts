// Decoding on demand: the decoders are a chunk of their own, fetched at the first call.
import type { Image } from "./pixels.js";

/** Pixels of a JPEG or PNG file (RGB, RGBA or grey bytes). Throws `FormatError` on anything else; `fileName` names it there. */
export async function decodeImage(bytes: Uint8Array, fileName?: string): Promise<Image> {
  const decoder = await import("./decode.js");
  return decoder.decodeImage(bytes, fileName);
}
