/** Pixels of what a page or worker can draw, by a canvas. */
import { DataError, expectation, RuntimeSupportError } from "../../core/errors.js";
import type { Image } from "./pixels.js";

/** Whether this place has canvases without a page. */
export const hasCanvas = (): boolean => typeof OffscreenCanvas === "function";

/** RGBA pixels of `source` at `width` x `height`. A canvas holds colours times alpha: below full alpha they are rounded twice. */
export function drawn(where: string, source: CanvasImageSource, width: number, height: number): Image {
  if (!hasCanvas()) {
    const hint = "Give the bytes of a JPEG or PNG file, or { data, width, height }";
    throw new RuntimeSupportError(expectation(where, "OffscreenCanvas", "one, to read pixels with", "none", { hint }));
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new RuntimeSupportError(expectation(where, "canvas", "a 2d context", "none"));
  try {
    context.drawImage(source, 0, 0, width, height);
    return { data: context.getImageData(0, 0, width, height).data, width, height };
  } catch (error) {
    // A closed bitmap, a broken image, pixels of another origin.
    const hint = "Pictures of other origins need crossOrigin, and a server that allows it";
    const got = error instanceof Error ? error.message : String(error);
    throw new DataError(expectation(where, "image", "pixels that may be read", got, { hint }), { cause: error });
  }
}
