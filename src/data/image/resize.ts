/**
 * Resizing as Pillow does it (src/libImaging/Resample.c): a filter as wide as the reduction, so that nothing aliases;
 * the rows first, then the columns. For bytes in the same fixed point, bit for bit; for floats in float64.
 */
import { expectInteger, expectOneOf } from "../../core/check.js";
import { ArgumentError, expectation } from "../../core/errors.js";
import { expectImage, type Image, MAX_PIXELS } from "./pixels.js";

/** How pixels between pixels are found. */
export type Interpolation = "bilinear" | "bicubic";
export const INTERPOLATIONS = ["bilinear", "bicubic"] as const;

const filters: Record<Interpolation, { support: number; weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys (1981) with a = -1/2.
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
};

/** For each output position: the first input position, how many count, and their weights (`stride` apart). */
interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Float64Array;
  stride: number;
}

/** Weights for `size` outputs that share the inputs from `start` to `end` (may be fractions) of `available`. */
function taps(available: number, start: number, end: number, size: number, interpolation: Interpolation): Taps {
  const { support, weight } = filters[interpolation];
  const scale = (end - start) / size;
  const stretch = Math.max(scale, 1); // enlarging interpolates, reducing averages
  const reach = support * stretch;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Float64Array(size * stride);
  for (let i = 0; i < size; i++) {
    const centre = start + (i + 0.5) * scale;
    first[i] = Math.max(0, Math.trunc(centre - reach + 0.5));
    count[i] = Math.min(available, Math.trunc(centre + reach + 0.5)) - first[i];
    let sum = 0;
    for (let j = 0; j < count[i]; j++) {
      const value = weight((first[i] + j - centre + 0.5) * (1 / stretch));
      weights[i * stride + j] = value;
      sum += value;
    }
    if (sum !== 0) for (let j = 0; j < count[i]; j++) weights[i * stride + j] /= sum;
  }
  return { first, count, weights, stride };
}

type Pixels = Uint8Array | Uint8ClampedArray | Float32Array;

/** One dimension: out[o][i][k] = sum of weights[i][j] in[o][first + j][k], for `outer` o and `inner` k. */
function resample(
  source: Pixels,
  out: Pixels,
  { first, count, weights, stride }: Taps,
  sizes: { outer: number; from: number; inner: number },
): void {
  const { outer, from, inner } = sizes;
  const size = first.length;
  // Bytes: weights with 22 fraction bits, sums rounded once and clipped; the sums stay below 2^31.
  const bytes = !(out instanceof Float32Array);
  const fixed = bytes ? weights.map((w) => Math.trunc(w * 2 ** 22 + (w < 0 ? -0.5 : 0.5))) : weights;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < size; i++) {
      const base = (o * from + first[i]) * inner;
      for (let k = 0; k < inner; k++) {
        let sum = bytes ? 2 ** 21 : 0;
        for (let j = 0; j < count[i]; j++) sum += fixed[i * stride + j] * source[base + j * inner + k];
        out[(o * size + i) * inner + k] = bytes ? Math.min(255, Math.max(0, sum >> 22)) : sum;
      }
    }
  }
}

/**
 * Resizes to exactly `width` x `height`, at most 100 million pixels: the same bytes as Pillow's `resize`.
 *
 * ```ts
 * const small = resizeImage(picture, 224, 224, "bicubic");
 * ```
 *
 * @example
 * const small = resizeImage(picture, 32, 32);
 */
export function resizeImage(
  image: Image,
  width: number,
  height: number,
  interpolation: Interpolation = "bilinear",
): Image {
  const where = "resizeImage";
  const channels = expectImage(where, image);
  expectInteger(where, "width", width, 1, 65535);
  expectInteger(where, "height", height, 1, 65535);
  expectOneOf(where, "interpolation", interpolation, INTERPOLATIONS);
  // The rows come first, for all rows of the image.
  const pixels = width * Math.max(height, image.height);
  if (pixels > MAX_PIXELS)
    throw new ArgumentError(expectation(where, "size", `at most ${MAX_PIXELS} pixels on the way`, pixels));
  let { data } = image;
  if (width !== image.width) {
    const rows = new Uint8Array(width * image.height * channels);
    const across = taps(image.width, 0, image.width, width, interpolation);
    resample(data, rows, across, { outer: image.height, from: image.width, inner: channels });
    data = rows;
  }
  if (height !== image.height) {
    const columns = new Uint8Array(width * height * channels);
    const down = taps(image.height, 0, image.height, height, interpolation);
    resample(data, columns, down, { outer: 1, from: image.height, inner: width * channels });
    data = columns;
  }
  return { data, width, height };
}

/** A part of an image of floats: rows top … top + height, columns left … left + width. */
export interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Resizes the part `box` of an NHWC image of floats to the image's own size, in place. */
export function resizeBox(
  x: Float32Array,
  shape: { height: number; width: number; channels: number },
  box: Box,
  interpolation: Interpolation,
): void {
  const { height, width, channels } = shape;
  // Only pixels within the box count, as if it had been cut out before.
  const part = new Float32Array(box.height * box.width * channels);
  for (let row = 0; row < box.height; row++) {
    const from = ((box.top + row) * width + box.left) * channels;
    part.set(x.subarray(from, from + box.width * channels), row * box.width * channels);
  }
  const rows = new Float32Array(box.height * width * channels);
  resample(part, rows, taps(box.width, 0, box.width, width, interpolation), {
    outer: box.height,
    from: box.width,
    inner: channels,
  });
  resample(rows, x, taps(box.height, 0, box.height, height, interpolation), {
    outer: 1,
    from: box.height,
    inner: width * channels,
  });
}
