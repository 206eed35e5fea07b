/** Squares of pixels, of whatever a canvas can be painted with. */
import { SIDE } from "../worker/protocol.js";

export type Source = HTMLCanvasElement | OffscreenCanvas | HTMLVideoElement | ImageBitmap;
type Context2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const sizeOf = (image: Source): [number, number] =>
  image instanceof HTMLVideoElement ? [image.videoWidth, image.videoHeight] : [image.width, image.height];

/** Fills the context's canvas with the middle of an image. */
export function crop(target: Context2D, image: Source): void {
  const { width, height } = target.canvas;
  const [w, h] = sizeOf(image);
  const side = Math.min(w, h);
  target.imageSmoothingQuality = "high";
  target.drawImage(image, (w - side) / 2, (h - side) / 2, side, side, 0, 0, width, height);
}

const scaled = new OffscreenCanvas(SIDE, SIDE);

/** Red, green and blue of the image's middle, SIDE by SIDE. */
export function readPixels(image: Source): Uint8Array {
  const context = scaled.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("readPixels: the browser gives no canvas");
  crop(context, image);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from];
    pixels[to++] = data[from + 1];
    pixels[to++] = data[from + 2];
  }
  return pixels;
}

/** Paints pixels on a canvas of any size. */
export function paint(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  const whole = new OffscreenCanvas(SIDE, SIDE);
  const image = new ImageData(SIDE, SIDE);
  for (let from = 0, to = 0; from < pixels.length; to++) {
    image.data[to++] = pixels[from++];
    image.data[to++] = pixels[from++];
    image.data[to++] = pixels[from++];
    image.data[to] = 255;
  }
  whole.getContext("2d")?.putImageData(image, 0, 0);
  const context = canvas.getContext("2d");
  if (context) crop(context, whole);
}

export const isEmpty = (pixels: Uint8Array): boolean => pixels.every((value) => value === pixels[0]);
