/** JPEG and PNG files to bytes: the same pixels in every runtime, and those of Pillow. */
import { expectation, FormatError, RuntimeSupportError } from "../../core/errors.js";
import { Damage } from "./damage.js";
import { type FileDecoding, formatOf, isForPlatform } from "./formats.js";
import { decodeJpeg } from "./jpeg/decode.js";
import { orient } from "./orientation.js";
import type { Image } from "./pixels.js";
import { cure, decodeByPlatform } from "./platform.js";
import { decodePng } from "./png/decode.js";

/** Decodes a JPEG or PNG file, recognised by its first bytes. */
export function decodeFile(bytes: Uint8Array, options: FileDecoding): Image {
  const { fileName: path, advice, maxPixels, exifOrientation } = options;
  const fail = (name: string, expected: unknown, got: unknown, cure?: string, cause?: Error): FormatError => {
    const hint = [cure, advice].filter(Boolean).join(". ");
    return new FormatError(expectation("decodeImage", name, expected, got, { path, hint }), { cause });
  };
  const format = formatOf(bytes);
  const decode = format === "JPEG" ? decodeJpeg : format === "PNG" ? decodePng : undefined;
  if (!decode) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw fail("file", "JPEG or PNG", format ?? `bytes ${start || "none"}`, cure(format));
  }
  try {
    const { image, orientation } = decode(bytes, maxPixels);
    return exifOrientation ? orient(image, orientation) : image;
  } catch (error) {
    if (error instanceof RangeError) {
      const hint = "A lower maxPixels refuses such pictures in advance";
      const text = expectation("decodeImage", "memory", "room for the picture", error.message, { path, hint });
      throw new RuntimeSupportError(text, { cause: error });
    }
    if (!(error instanceof Damage)) throw error;
    throw fail(`${format}: ${error.part}`, error.expected, error.got, error.hint, error);
  }
}

/** The same, and what the platform decodes besides: WebP, AVIF, GIF, BMP. */
export async function decodeAny(bytes: Uint8Array, options: FileDecoding): Promise<Image> {
  const format = formatOf(bytes);
  return isForPlatform(format) ? decodeByPlatform(bytes, format, options) : decodeFile(bytes, options);
}
