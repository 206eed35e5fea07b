/**
 * Augmentations that mix pairs of examples, targets included. A batch is shuffled already, so that example i is paired
 * with example count - 1 - i; both sides of a pair are changed at once, in place.
 */
import { expectation, ShapeError } from "../../core/errors.js";
import { exp, log } from "../../core/math.js";
import { number, readOptions, type Schema, share } from "../../core/options.js";
import type { Philox } from "../../core/random.js";
import { formatShape } from "../../core/shape.js";
import { augment, type BatchAugmentation } from "./augment.js";
import { clipBox } from "./geometry.js";
import { makeBatchAugmentation } from "./made.js";
import type { ImageShape } from "./pixels.js";

export interface MixOptions {
  /** The share is drawn from Beta(alpha, alpha); default 0.2 for mixup, 1 for cutmix. */
  alpha?: number;
  /** How often a batch is mixed; default 1. */
  p?: number;
}

/**
 * Each sample (image, signal or row of numbers) and target becomes share · itself + (1 - share) · its partner (Zhang et al. 2018).
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, mix: mixup({ alpha: 0.2 }) });
 */
export function mixup(options: MixOptions = {}): BatchAugmentation {
  const { alpha, p } = readOptions("mixup", options, schema(0.2));
  return makeBatchAugmentation("mixup", options, {
    kind: "batch",
    augment,
    apply(x, y, count, shape, random) {
      if (random.uniform() >= p) return;
      const share = beta(alpha, random);
      blend(x, count, size(shape), share);
      blend(y, count, y.length / count, share);
    },
  });
}

/**
 * A random box of each image, or stretch of each signal, comes from its partner; targets are mixed by area (Yun et al. 2019).
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, mix: cutmix({ alpha: 1 }) });
 */
export function cutmix(options: MixOptions = {}): BatchAugmentation {
  const { alpha, p } = readOptions("cutmix", options, schema(1));
  return makeBatchAugmentation("cutmix", options, {
    kind: "batch",
    augment,
    check({ height, width, channels }) {
      if (width > 1) return;
      const got = formatShape(height > 1 ? [height, width, channels] : [channels]);
      throw new ShapeError(expectation("cutmix", "inputShape", "[height, width, channels] or [length, channels]", got));
    },
    apply(x, y, count, shape, random) {
      if (random.uniform() >= p) return;
      const area = 1 - beta(alpha, random);
      const side = Math.sqrt(area);
      const [height, width] =
        shape.height === 1
          ? [1, Math.floor(shape.width * area)]
          : [Math.floor(shape.height * side), Math.floor(shape.width * side)];
      const top = random.integer(shape.height) - Math.floor(height / 2);
      const left = random.integer(shape.width) - Math.floor(width / 2);
      const box = clipBox({ top, left, height, width }, shape);
      for (let i = 0; i < count - 1 - i; i++) {
        for (let row = box.top; row < box.top + box.height; row++) {
          const offset = (row * shape.width + box.left) * shape.channels;
          const [a, b] = [i * size(shape) + offset, (count - 1 - i) * size(shape) + offset];
          for (let k = 0; k < box.width * shape.channels; k++) {
            const value = x[a + k];
            x[a + k] = x[b + k];
            x[b + k] = value;
          }
        }
      }
      // What is left of the image's own area, after clipping.
      blend(y, count, y.length / count, 1 - (box.height * box.width) / (shape.height * shape.width));
    },
  });
}

const size = ({ height, width, channels }: ImageShape): number => height * width * channels;

const schema = (alpha: number) => () =>
  ({ alpha: number({ min: 0, max: 1000, open: "min", default: alpha }), p: share(1) }) satisfies Schema<MixOptions>;

/** Rows i and count - 1 - i of `data`, mixed; the middle row of an odd batch keeps its value. */
function blend(data: Float32Array, count: number, row: number, share: number): void {
  for (let i = 0; i < count - 1 - i; i++) {
    const [a, b] = [i * row, (count - 1 - i) * row];
    for (let k = 0; k < row; k++) {
      const [own, other] = [data[a + k], data[b + k]];
      data[a + k] = share * own + (1 - share) * other;
      data[b + k] = share * other + (1 - share) * own;
    }
  }
}

/** A number of Beta(alpha, alpha), from two of Gamma(alpha). */
export function beta(alpha: number, random: Philox): number {
  if (alpha === 1) return random.uniform();
  const [a, b] = [logGamma(alpha, random), logGamma(alpha, random)];
  // a / (a + b) through logarithms: for small alpha both numbers may be below 1e-308.
  return 1 / (1 + exp(b - a));
}

/** The logarithm of a number of Gamma(alpha): Marsaglia & Tsang (2000), below 1 by Gamma(alpha + 1) U^(1 / alpha). */
function logGamma(alpha: number, random: Philox): number {
  if (alpha < 1) return logGamma(alpha + 1, random) + log(1 - random.uniform()) / alpha;
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = random.normal();
    const t = 1 + c * z;
    if (t <= 0) continue;
    const v = t * t * t;
    if (log(1 - random.uniform()) < 0.5 * z * z + d - d * v + d * log(v)) return log(d) + log(v);
  }
}
