/** Augmentations that move pixels or take them away, after torchvision's transforms of the same names. */
import { ArgumentError, describe, expectation, ShapeError } from "../../core/errors.js";
import { exp, log } from "../../core/math.js";
import { integer, number, type Option, oneOf, readOptions, type Schema, share } from "../../core/options.js";
import type { Philox } from "../../core/random.js";
import type { ImageAugmentation } from "./augment.js";
import { makeImageAugmentation } from "./made.js";
import type { ImageShape } from "./pixels.js";
import { type Box, INTERPOLATIONS, type Interpolation, resizeBox } from "./resize.js";

/** Sizes in pixels. */
const side = () => integer({ min: 1, max: 65535 });

/**
 * Pads by `padding` on all sides with `fill`, then cuts the original size out at a random place.
 *
 * @example
 * augment(dataset, [randomCrop({ padding: 1 })]);
 */
export function randomCrop(options: { padding: number; fill?: number }): ImageAugmentation {
  const schema = () => ({ padding: side(), fill: number({ default: 0 }) }) satisfies Schema<typeof options>;
  const { padding, fill } = readOptions("randomCrop", options, schema);
  return makeImageAugmentation("randomCrop", options, {
    kind: "image",
    apply(x, { height, width, channels }, random, scratch) {
      const down = random.integer(2 * padding + 1) - padding;
      const right = random.integer(2 * padding + 1) - padding;
      scratch.set(x);
      x.fill(fill);
      // Row r of the result is row r + down of the original, where there is one.
      const [from, to] = [Math.max(0, -right), Math.min(width, width - right)];
      for (let row = Math.max(0, -down); row < Math.min(height, height - down) && from < to; row++) {
        const source = ((row + down) * width + from + right) * channels;
        const target = (row * width + from) * channels;
        for (let i = 0; i < (to - from) * channels; i++) x[target + i] = scratch[source + i];
      }
    },
  });
}

/**
 * Exchanges left and right with probability `p`.
 *
 * @example
 * augment(dataset, [horizontalFlip()]);
 */
export function horizontalFlip(options: { p?: number } = {}): ImageAugmentation {
  const { p } = readOptions("horizontalFlip", options, () => ({ p: share(0.5) }) satisfies Schema<{ p?: number }>);
  return makeImageAugmentation("horizontalFlip", options, {
    kind: "image",
    apply(x, { height, width, channels }, random) {
      if (random.uniform() >= p) return;
      for (let row = 0; row < height; row++) {
        for (let left = 0; left < Math.floor(width / 2); left++) {
          const a = (row * width + left) * channels;
          const b = (row * width + width - 1 - left) * channels;
          for (let c = 0; c < channels; c++) {
            const value = x[a + c];
            x[a + c] = x[b + c];
            x[b + c] = value;
          }
        }
      }
    },
  });
}

export interface AreaOptions {
  /** Least and greatest part of the image's area. */
  scale?: readonly [number, number];
  /** Least and greatest width / height. */
  ratio?: readonly [number, number];
}

/**
 * Cuts out a random part of random shape and resizes it to the image's size.
 *
 * @example
 * augment(dataset, [randomResizedCrop({ scale: [0.5, 1] })]);
 */
export function randomResizedCrop(options: AreaOptions & { interpolation?: Interpolation } = {}): ImageAugmentation {
  const schema = () =>
    ({
      scale: range([0.08, 1], 1),
      ratio: range([3 / 4, 4 / 3]),
      interpolation: oneOf(INTERPOLATIONS, "bilinear"),
    }) satisfies Schema<typeof options>;
  const { scale, ratio, interpolation } = readOptions("randomResizedCrop", options, schema);
  const box = (shape: ImageShape, random: Philox): Box =>
    randomBox(shape, scale, ratio, random) ?? centredBox(shape, ratio);
  const least = ({ height, width }: ImageShape) => {
    const area = scale[0] * height * width;
    return { height: Math.sqrt(area / ratio[1]), width: Math.sqrt(area * ratio[0]) };
  };
  return makeImageAugmentation("randomResizedCrop", options, {
    kind: "image",
    apply: (x, shape, random) => resizeBox(x, shape, box(shape, random), interpolation),
    cut: { box, least, interpolation },
  });
}

/** Ten attempts at a box of random area and ratio that fits into the image. */
function randomBox(
  { height, width }: ImageShape,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  random: Philox,
): Box | undefined {
  const [low, high] = [log(ratio[0]), log(ratio[1])];
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * (scale[0] + (scale[1] - scale[0]) * random.uniform());
    const aspect = exp(low + (high - low) * random.uniform());
    const box = { width: Math.round(Math.sqrt(area * aspect)), height: Math.round(Math.sqrt(area / aspect)) };
    if (box.width > 0 && box.width <= width && box.height > 0 && box.height <= height) {
      return { ...box, top: random.integer(height - box.height + 1), left: random.integer(width - box.width + 1) };
    }
  }
  return undefined;
}

/** The largest box in the centre whose ratio is allowed. */
function centredBox({ height, width }: ImageShape, ratio: readonly [number, number]): Box {
  const box = { height, width };
  if (width / height < ratio[0]) box.height = Math.max(1, Math.min(height, Math.round(width / ratio[0])));
  else if (width / height > ratio[1]) box.width = Math.max(1, Math.min(width, Math.round(height * ratio[1])));
  return { ...box, top: Math.floor((height - box.height) / 2), left: Math.floor((width - box.width) / 2) };
}

/**
 * Overwrites a random part with `value`, or with normal noise, with probability `p` (Zhong et al. 2017).
 *
 * @example
 * augment(dataset, [randomErasing({ p: 0.5 })]);
 */
export function randomErasing(
  options: AreaOptions & { p?: number; value?: number | "random" } = {},
): ImageAugmentation {
  const filling: Option<number | "random", number | "random" | undefined> = (where, name, value) =>
    value === "random" ? value : number({ default: 0 })(where, name, value);
  const schema = () =>
    ({ scale: range([0.02, 0.33], 1), ratio: range([0.3, 3.3]), p: share(0.5), value: filling }) satisfies Schema<
      typeof options
    >;
  const { scale, ratio, p, value } = readOptions("randomErasing", options, schema);
  return makeImageAugmentation("randomErasing", options, {
    kind: "image",
    apply(x, shape, random) {
      if (random.uniform() >= p) return;
      const box = randomBox(shape, scale, ratio, random);
      if (box) erase(x, shape, box, value === "random" ? () => random.normal() : () => value);
    },
  });
}

/**
 * Overwrites a square of `size` pixels around a random pixel with `value` (DeVries & Taylor 2017).
 *
 * @example
 * augment(dataset, [cutout({ size: 2 })]);
 */
export function cutout(options: { size: number; value?: number }): ImageAugmentation {
  const schema = () => ({ size: side(), value: number({ default: 0 }) }) satisfies Schema<typeof options>;
  const { size, value } = readOptions("cutout", options, schema);
  return makeImageAugmentation("cutout", options, {
    kind: "image",
    apply(x, shape, random) {
      const top = random.integer(shape.height) - Math.floor(size / 2);
      const left = random.integer(shape.width) - Math.floor(size / 2);
      erase(x, shape, clipBox({ top, left, height: size, width: size }, shape), () => value);
    },
  });
}

/** The part of a box that lies within the image. */
export function clipBox({ top, left, height, width }: Box, shape: ImageShape): Box {
  const [y0, y1] = [Math.max(0, top), Math.min(shape.height, top + height)];
  const [x0, x1] = [Math.max(0, left), Math.min(shape.width, left + width)];
  return { top: y0, left: x0, height: Math.max(0, y1 - y0), width: Math.max(0, x1 - x0) };
}

function erase(x: Float32Array, { width, channels }: ImageShape, box: Box, value: () => number): void {
  for (let row = box.top; row < box.top + box.height; row++) {
    const from = (row * width + box.left) * channels;
    for (let i = from; i < from + box.width * channels; i++) x[i] = value();
  }
}

type Range = readonly [number, number];

/** [low, high] with 0 < low <= high <= maximum. */
const range =
  (fallback: Range, maximum = Number.POSITIVE_INFINITY): Option<Range, Range | undefined> =>
  (where, name, value = fallback) => {
    const [low, high] = Array.isArray(value) && value.length === 2 ? value : [Number.NaN, Number.NaN];
    if (Number.isFinite(low) && Number.isFinite(high) && low > 0 && low <= high && high <= maximum) return [low, high];
    const limit = maximum === 1 ? " <= 1" : "";
    throw new ArgumentError(expectation(where, name, `[low, high] with 0 < low <= high${limit}`, describe(value)));
  };

/** For augmentations of colours. */
export function expectRgb(where: string, { height, width, channels }: ImageShape): void {
  if (channels !== 3) {
    throw new ShapeError(expectation(where, "inputShape", "3 channels", `[${height}, ${width}, ${channels}]`));
  }
}
