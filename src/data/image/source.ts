/** A picture in whatever form a program has it. */
import { ArgumentError, DataError, describe, expectation } from "../../core/errors.js";
import { tagOf } from "../../core/tag.js";
import { drawn } from "./canvas.js";
import { type DecodeOptions, decodeImage, readDecodeOptions } from "./open.js";
import { expectImage, type Image } from "./pixels.js";

/** `CanvasImageSource`, of which compilers without the DOM do not know. */
type Drawable =
  | HTMLCanvasElement
  | HTMLImageElement
  | HTMLVideoElement
  | ImageBitmap
  | OffscreenCanvas
  | SVGImageElement
  | VideoFrame;

/** Pixels, the bytes of a file, or what a page or worker draws: canvases, images, videos and their frames. */
export type ImageSource = Image | Uint8Array | ArrayBuffer | Blob | Drawable;

/** How wide and high what can be drawn is, by the tag of its class. */
const SIZES: Record<string, readonly [string, string]> = {
  HTMLCanvasElement: ["width", "height"],
  OffscreenCanvas: ["width", "height"],
  ImageBitmap: ["width", "height"],
  HTMLImageElement: ["naturalWidth", "naturalHeight"],
  HTMLVideoElement: ["videoWidth", "videoHeight"],
  VideoFrame: ["displayWidth", "displayHeight"],
};

/**
 * Pixels of `source`: `{ data, width, height }` and `ImageData` as they are, files (bytes, `Blob`) by `decodeImage`, what
 * can be drawn (canvas, `ImageBitmap`, image, video, `VideoFrame`) as RGBA by a canvas, at its own size. Throws
 * `ArgumentError` on anything else, `DataError` on what has no pixels (yet) or keeps them from the page.
 *
 * ```ts
 * const { data } = transformImage(await toImage(video), transform);
 * ```
 *
 * @example
 * const { width, height } = await toImage(readFileSync("photo.jpg"));
 */
export async function toImage(source: ImageSource, options?: DecodeOptions): Promise<Image> {
  return imageOf("toImage", source, options);
}

export async function imageOf(where: string, source: unknown, options?: DecodeOptions): Promise<Image> {
  const { maxPixels } = readDecodeOptions(where, options);
  const kind = tagOf(source);
  if (kind === "Blob" || kind === "File") {
    const bytes = new Uint8Array(await (source as Blob).arrayBuffer());
    return decodeImage(bytes, (source as Partial<File>).name, options);
  }
  if (kind === "Uint8Array" || kind === "ArrayBuffer" || kind === "SharedArrayBuffer")
    return decodeImage(source as Uint8Array, undefined, options);
  const sides = SIZES[kind];
  if (!sides && !isPixels(source)) {
    const expected = "{ data, width, height }, a file's bytes or Blob, a canvas, image or video";
    throw new ArgumentError(expectation(where, "image", expected, describe(source)));
  }
  const [width, height] = (sides ?? ["width", "height"]).map((side) => (source as Record<string, number>)[side]);
  if (!sides) expectImage(where, source as Image);
  const pixels = width * height;
  if (!(pixels > 0 && pixels <= maxPixels)) {
    const hint = pixels > 0 ? undefined : "Wait until it is loaded: image.decode(), or a video's loadeddata event";
    const got = `${width} x ${height}, ${pixels} pixels`;
    throw new DataError(expectation(where, "image", `1 to ${maxPixels} pixels`, got, { hint }));
  }
  return sides ? drawn(where, source as CanvasImageSource, width, height) : (source as Image);
}

const isPixels = (source: unknown): boolean => typeof source === "object" && source !== null && "data" in source;
