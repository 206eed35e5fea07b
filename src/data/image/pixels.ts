/** Images as bytes: what a canvas, a decoder or a camera gives. */
import { ArgumentError, describe, expectation, ShapeError } from "../../core/errors.js";
import { tagOf } from "../../core/tag.js";

/** Rows from the top, pixels interleaved; channels follow from the length: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA. */
export interface Image {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** Sizes of an image in pixels. */
export interface ImageShape {
  height: number;
  width: number;
  channels: number;
}

/** Larger images are refused: files before they are unpacked, results before memory is asked for. */
export const MAX_PIXELS = 100_000_000;

/** Checks an image; returns its number of channels. */
export function expectImage(where: string, image: Image): number {
  const { data, width, height } = image ?? {};
  if (!/^Uint8(Clamped)?Array$/.test(tagOf(data))) {
    const expected = "{ data: Uint8Array or Uint8ClampedArray, width, height }";
    throw new ArgumentError(expectation(where, "image", expected, describe(image)));
  }
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new ShapeError(expectation(where, "image", "a width and height above 0", `${width} x ${height}`));
  }
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) {
    const expected = `1, 2, 3 or 4 bytes for each of ${width} x ${height} pixels`;
    throw new ShapeError(expectation(where, "image", expected, `${data.length} bytes`));
  }
  return channels;
}

/** The image with 1 (grey) or 3 (RGB) channels. Alpha is dropped, as Pillow's convert("RGB") drops it. */
export function withChannels(where: string, image: Image, channels: 1 | 3): Image {
  const from = expectImage(where, image);
  if (from === channels) return image;
  const { data, width, height } = image;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * from;
    if (channels === 3) {
      const [g, b] = from < 3 ? [at, at] : [at + 1, at + 2];
      out[3 * pixel] = data[at];
      out[3 * pixel + 1] = data[g];
      out[3 * pixel + 2] = data[b];
    } else {
      // ITU-R 601 luma in 16-bit fixed point: Pillow's convert("L").
      const luma = (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
      out[pixel] = from < 3 ? data[at] : luma;
    }
  }
  return { data: out, width, height };
}

/** The part of an image that begins at row `top` and column `left`. */
export function cropImage(image: Image, box: { top: number; left: number; height: number; width: number }): Image {
  const { top, left, height, width } = box;
  const channels = image.data.length / (image.width * image.height);
  const data = new Uint8Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * image.width + left) * channels;
    data.set(image.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data, width, height };
}
