/** Decoding on demand: the decoders are a chunk of their own, fetched at the first call. */

import { asBytes } from "../../core/bytes.js";
import { ArgumentError, describe, expectation } from "../../core/errors.js";
import { demanded } from "../../core/on-demand.js";
import { flag, integer, readOptions, type Schema } from "../../core/options.js";

import { type Image, MAX_PIXELS } from "./pixels.js";

export interface DecodeOptions {
  /** Larger images are refused before they are unpacked. Default, and most, 100 million. */
  maxPixels?: number;
  /** Whether pictures are turned upright as their EXIF orientation asks for, as browsers do. Default true. */
  exifOrientation?: boolean;
}

/** The options that all decoding shares. */
export const decodeSchema = () =>
  ({
    maxPixels: integer({ min: 1, max: MAX_PIXELS, default: MAX_PIXELS }),
    exifOrientation: flag(true),
  }) satisfies Schema<DecodeOptions>;

export const readDecodeOptions = (where: string, options: DecodeOptions | undefined): Required<DecodeOptions> =>
  readOptions(where, options, decodeSchema);

/**
 * Pixels of a JPEG or PNG file: bytes of RGB, RGBA, grey or grey with alpha. They are what Pillow gives, to the bit: JPEG
 * chroma is smoothed as libjpeg smooths it, CMYK becomes RGB, 16 bits a channel keep the upper 8. Turned by EXIF, which
 * Pillow leaves to `ImageOps.exif_transpose`. Other formats (WebP, AVIF, GIF, BMP) become RGBA where the platform decodes
 * them: in pages and workers with `createImageBitmap` and `OffscreenCanvas`.
 *
 * `fileName` names the file in errors. Throws `FormatError` on files that are damaged (PNG checksums are verified), of more
 * than `maxPixels` pixels, or of JPEG kinds that nobody shows (12 bits, arithmetic coding, lossless); `RuntimeSupportError`
 * on formats that only another platform decodes. Beside the file and its pixels, decoding takes at most 4 bytes a pixel,
 * for progressive JPEGs 2 more for each component.
 *
 * ```ts
 * const picture = await decodeImage(new Uint8Array(await file.arrayBuffer()), file.name);
 * const { data } = transformImage(picture, IMAGENET_TRANSFORM);
 * ```
 *
 * @example
 * const { data, width, height } = await decodeImage(readFileSync("photo.jpg"));
 */
export async function decodeImage(
  bytes: Uint8Array | ArrayBuffer,
  fileName?: string,
  options?: DecodeOptions,
): Promise<Image> {
  const where = "decodeImage";
  const { maxPixels, exifOrientation } = readDecodeOptions(where, options);
  if (fileName !== undefined && typeof fileName !== "string")
    throw new ArgumentError(expectation(where, "fileName", "a string", describe(fileName)));
  const file = asBytes(where, bytes);
  const decoder = await demanded(where, import("./decode.js"));
  return decoder.decodeAny(file, { fileName, maxPixels, exifOrientation });
}
