/**
 * WebP, AVIF and whatever else a page's or worker's own decoder knows, where there is one: `createImageBitmap` and a
 * canvas.
 */
import { expectation, FormatError, RuntimeSupportError } from "../../core/errors.js";
import { drawn, hasCanvas } from "./canvas.js";
import { claimedSize, type FileDecoding, type Format, PLATFORM_TYPES, type PlatformFormat } from "./formats.js";
import type { Image } from "./pixels.js";

const where = "decodeImage";

/** RGBA pixels by the platform's decoder. Refuses by the size that the file claims, before it is unpacked. */
export async function decodeByPlatform(
  bytes: Uint8Array,
  format: PlatformFormat,
  options: FileDecoding,
): Promise<Image> {
  const { fileName: path, maxPixels, exifOrientation } = options;
  if (!canDecode()) {
    const hint = cure(format);
    throw new RuntimeSupportError(
      expectation(where, "file", "JPEG or PNG where there is no createImageBitmap and canvas", format, { path, hint }),
    );
  }
  const check = (size: [number, number] | undefined): void => {
    const pixels = size ? size[0] * size[1] : 0;
    if (pixels > 0 && pixels <= maxPixels) return;
    const got = size ? `${size[0]} x ${size[1]}, ${pixels} pixels` : "no size";
    throw new FormatError(expectation(where, `size of ${format}`, `1 to ${maxPixels} pixels`, got, { path }));
  };
  check(claimedSize(bytes, format));
  const blob = new Blob([new Uint8Array(bytes)], { type: PLATFORM_TYPES[format] });
  const bitmap = await createImageBitmap(blob, {
    imageOrientation: exifOrientation ? "from-image" : "none",
    premultiplyAlpha: "none",
    colorSpaceConversion: "none",
  }).catch((error: unknown) => {
    const got = error instanceof Error ? error.message : String(error);
    throw new FormatError(expectation(where, "file", `a whole, valid ${format}`, got, { path }), { cause: error });
  });
  try {
    check([bitmap.width, bitmap.height]);
    return drawn(where, bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

const canDecode = (): boolean => typeof createImageBitmap === "function" && hasCanvas();

/** What to do about a format that is not decoded here. */
export function cure(format: Format | undefined): string | undefined {
  if (format === undefined) return undefined;
  if (format === "HTML") return "A web page is no picture: its address may have answered with an error";
  return "Save it as JPEG or PNG, or decode it elsewhere (a page, sharp) and give its pixels to transformImage";
}
