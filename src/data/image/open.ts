// Decoding on demand: the decoders are a chunk of their own, fetched at the first call.
import { expectInteger, expectOptions } from "../../core/check.js";
import { type Image, MAX_PIXELS } from "./pixels.js";

export interface DecodeOptions {
  /** Larger images are refused before they are unpacked. Default 100 million. */
  maxPixels?: number;
}

/**
 * Pixels of a JPEG or PNG file (RGB, RGBA or grey bytes). Throws `FormatError` on anything else, and on images of more than
 * `maxPixels`; `fileName` names it there. JPEG colours that were stored at half size are repeated, where libjpeg, and so
 * Pillow and PyTorch, smooths them: up to 24 of 255 levels where colours change steeply, at most 3 elsewhere.
 * `transformImage` takes the pixels of any decoder.
 */
export async function decodeImage(bytes: Uint8Array, fileName?: string, options?: DecodeOptions): Promise<Image> {
  const { maxPixels = MAX_PIXELS } = expectOptions("decodeImage", options, ["maxPixels"]);
  expectInteger("decodeImage", "maxPixels", maxPixels, 1, MAX_PIXELS);
  const decoder = await import("./decode.js");
  return decoder.decodeImage(bytes, fileName, maxPixels);
}
