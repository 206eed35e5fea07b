/** Resizing of images, and whatever else is a sparse matrix along an axis. */
import { ArgumentError, expectation } from "../core/errors.js";
import { checked, flag, oneOf, optional, readOptions, type Schema } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { resample, type Taps } from "../ops/resample.js";
import { Layer } from "./layer.js";
import { type Padding, sides } from "./movement.js";

/** Records the matrix `rows` along an axis of x. */
export function alongAxis(b: Builder, x: ValueId, axis: number, rows: readonly Taps[]): ValueId {
  const shape = b.shape(x);
  const attributes = { outer: numel(shape.slice(0, axis)), size: shape[axis], inner: numel(shape.slice(axis + 1)) };
  const to = shape.map((size, i) => (i === axis ? rows.length : size));
  return b.op(resample, [x], { ...attributes, rows, shape: to })[0];
}

/** How an axis is resized, by ONNX's names. */
export interface AxisResize {
  from: number;
  to: number;
  /** to / from, or what it was before it was rounded. */
  scale: number;
  mode: "nearest" | "linear" | "cubic";
  coordinates:
    | "half_pixel"
    | "half_pixel_symmetric"
    | "pytorch_half_pixel"
    | "align_corners"
    | "asymmetric"
    | "tf_half_pixel_for_nn";
  /** How `nearest` rounds. */
  nearest: "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";
  /** The cubic's coefficient. */
  cubic: number;
  /** Whether what would lie outside has no weight; else the border counts for it. */
  excludeOutside: boolean;
  /** Whether a smaller image is of means: the filter covers as much of x as a number stands for. */
  antialias: boolean;
}

/** Where number i of the result lies in x. */
function coordinate(i: number, { from, to, scale, coordinates }: AxisResize): number {
  switch (coordinates) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      // The middles of both lie on each other, whatever `to` was rounded to.
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "align_corners": {
      const size = scale * from; // ONNX's, before it is rounded
      return size === 1 ? 0 : (i * (from - 1)) / (size - 1);
    }
    case "tf_half_pixel_for_nn":
      return (i + 0.5) / scale;
    default:
      return i / scale;
  }
}

const ROUND: Record<AxisResize["nearest"], (x: number) => number> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Keys's cubic (1981) of a distance. */
function cubic(t: number, a: number): number {
  const d = Math.abs(t);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** The matrix of a resized axis. */
export function resizeTaps(axis: AxisResize): Taps[] {
  const { from, to, scale, mode, nearest, excludeOutside, antialias } = axis;
  const inside = (at: number) => Math.min(Math.max(at, 0), from - 1);
  return Array.from({ length: to }, (_, i): Taps => {
    const x = coordinate(i, axis);
    if (mode === "nearest") return [[inside(ROUND[nearest](x)), 1]];
    const wide = antialias && scale < 1 ? scale : 1;
    const weigh = (t: number) => (mode === "linear" ? Math.max(0, 1 - Math.abs(t)) : cubic(t, axis.cubic));
    const reach = (mode === "linear" ? 1 : 2) / wide;
    const weights = new Map<number, number>();
    let sum = 0;
    for (let at = Math.floor(x - reach) + 1; at <= Math.ceil(x + reach) - 1; at++) {
      const weight = weigh((at - x) * wide);
      if (weight === 0 || (excludeOutside && at !== inside(at))) continue;
      sum += weight;
      weights.set(inside(at), (weights.get(inside(at)) ?? 0) + weight);
    }
    return [...weights].map(([at, weight]) => [at, weight / sum] as const);
  });
}

/** One number for all dimensions of an image or a signal, or one for each, [height, width]. */
export type Sizes = number | readonly [number] | readonly [number, number];

export interface UpsampleOptions {
  /** Of the result. This or `scaleFactor`. */
  size?: Sizes;
  /** The result is as many times as large, rounded down. */
  scaleFactor?: Sizes;
  /** Default `"nearest"`; linear is bilinear on images. `"nearest-exact"` rounds to the nearest, where `"nearest"` rounds down. */
  mode?: "nearest" | "nearest-exact" | "linear" | "bilinear" | "bicubic";
  /** Whether the corners' pixels lie on each other, instead of their outer edges. Default false. */
  alignCorners?: boolean;
}

const isSizes = (value: unknown): value is Sizes =>
  [value].flat().length <= 2 && [value].flat().every((size) => typeof size === "number" && size > 0 && size < 2 ** 24);
const sizes = () => optional(checked("a number above 0, or one for each dimension", isSizes));

const schema = () =>
  ({
    size: sizes(),
    scaleFactor: sizes(),
    mode: oneOf(["nearest", "nearest-exact", "linear", "bilinear", "bicubic"], "nearest"),
    alignCorners: flag(false),
  }) satisfies Schema<UpsampleOptions>;

/**
 * Makes images [n, h, w, c] or signals [n, length, c] larger or smaller, as PyTorch's `interpolate` does.
 *
 *     new Upsample({ scaleFactor: 2, mode: "bilinear" })
 *
 * @example
 * new Upsample({ scaleFactor: 2 }); // [n, 16, 16, 8] → [n, 32, 32, 8]
 */
export class Upsample extends Layer {
  readonly type = "Upsample";
  readonly options: ReturnType<typeof readUpsample>;

  constructor(options: UpsampleOptions) {
    super();
    this.options = readUpsample(options);
  }

  protected args(): unknown[] {
    return [this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { size, scaleFactor, mode, alignCorners } = this.options;
    const shape = b.shape(x);
    b.expect(shape.length === 3 || shape.length === 4, "input", "[n, h, w, channels] or [n, length, channels]", shape);
    const spatial = shape.slice(1, -1);
    const each = (given: Sizes): number[] => (typeof given === "number" ? spatial.map(() => given) : [...given]);
    const factors = scaleFactor === undefined ? undefined : each(scaleFactor);
    const to = factors ? spatial.map((from, i) => Math.floor(from * factors[i])) : each(size ?? 1);
    const fits = to.length === spatial.length && to.every((pixels) => pixels >= 1);
    b.expect(fits, "size", `${spatial.length} of 1 or more`, to);
    const isNearest = mode.startsWith("nearest");
    return spatial.reduce((y, from, i) => {
      const scale = factors && !alignCorners ? factors[i] : to[i] / from;
      if (to[i] === from && scale === 1) return y;
      const taps = resizeTaps({
        from,
        to: to[i],
        scale,
        mode: isNearest ? "nearest" : mode === "bicubic" ? "cubic" : "linear",
        coordinates: mode === "nearest" ? "asymmetric" : alignCorners ? "align_corners" : "half_pixel",
        nearest: mode === "nearest" ? "floor" : "round_prefer_ceil",
        cubic: -0.75,
        excludeOutside: false,
        antialias: false,
      });
      return alongAxis(b, y, i + 1, taps);
    }, x);
  }
}

function readUpsample(options: UpsampleOptions) {
  const read = readOptions("Upsample", options, schema);
  const { size, scaleFactor, mode, alignCorners } = read;
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(expectation("Upsample", "options", "size or scaleFactor", options));
  if ([size ?? 1].flat().some((each) => !Number.isInteger(each)))
    throw new ArgumentError(expectation("Upsample", "size", "whole numbers", size));
  if (alignCorners && mode.startsWith("nearest"))
    throw new ArgumentError(expectation("Upsample", "alignCorners", `false with mode "${mode}"`, true));
  return read;
}

/** The matrix of an axis with so many numbers before and after it that are there already, by ONNX's names of modes. */
export function borderTaps(mode: "reflect" | "edge" | "wrap", size: number, before: number, after: number): Taps[] {
  return Array.from({ length: before + size + after }, (_, i): Taps => {
    const at = i - before;
    if (mode === "edge") return [[Math.min(Math.max(at, 0), size - 1), 1]];
    const period = mode === "wrap" ? size : Math.max(2 * (size - 1), 1);
    const place = ((at % period) + period) % period;
    return [[place < size ? place : period - place, 1]];
  });
}

abstract class BorderPad2d extends Layer {
  readonly padding: readonly [number, number, number, number];
  protected abstract readonly mode: "reflect" | "edge";

  constructor(where: string, padding: Padding) {
    super();
    this.padding = sides(where, "padding", padding);
  }

  protected args(): unknown[] {
    return [this.padding];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [left, right, top, bottom] = this.padding;
    const { mode } = this;
    const [, h, w] = b.shape(x);
    b.expect(b.shape(x).length === 4, "input", "[n, h, w, channels]", b.shape(x));
    const fits = mode === "edge" || (Math.max(left, right) < w && Math.max(top, bottom) < h);
    b.expect(fits, "padding", "less than the image's sides", this.padding, { error: ArgumentError });
    const tall = top + bottom > 0 ? alongAxis(b, x, 1, borderTaps(mode, h, top, bottom)) : x;
    return left + right > 0 ? alongAxis(b, tall, 2, borderTaps(mode, w, left, right)) : tall;
  }
}

/**
 * Mirrors images at their borders, whose pixels stay single: [n, h, w, c] → [n, top + h + bottom, left + w + right, c].
 *
 * @example
 * new Sequential(new ReflectionPad2d(1), new Conv2d(3, 8, { kernelSize: 3 }));
 */
export class ReflectionPad2d extends BorderPad2d {
  readonly type = "ReflectionPad2d";
  protected readonly mode = "reflect";

  constructor(padding: Padding) {
    super("ReflectionPad2d", padding);
  }
}

/**
 * Repeats the pixels at the borders of images: [n, h, w, c] → [n, top + h + bottom, left + w + right, c].
 *
 * @example
 * new Sequential(new ReplicationPad2d(1), new Conv2d(3, 8, { kernelSize: 3 }));
 */
export class ReplicationPad2d extends BorderPad2d {
  readonly type = "ReplicationPad2d";
  protected readonly mode = "edge";

  constructor(padding: Padding) {
    super("ReplicationPad2d", padding);
  }
}
