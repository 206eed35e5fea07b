/** Pooling. */
import { poolOutputSize } from "../abi/conv.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, optional, readOptions, type Schema } from "../core/options.js";
import { formatShape, imageOf } from "../core/shape.js";
import { pair, type Size } from "../core/size.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { avgPool2d, maxPool2d } from "../ops/pool.js";
import { Layer } from "./layer.js";

export interface MaxPool2dOptions {
  kernelSize: Size;
  /** Default: the kernel size. */
  stride?: Size;
  /** Implicit border of -Infinity; at most half the kernel. Default 0. */
  padding?: Size;
  /** Default 1. */
  dilation?: Size;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  ceilMode?: boolean;
}

export interface AvgPool2dOptions extends Omit<MaxPool2dOptions, "dilation"> {
  /** Whether the zeros of the padding count in the mean. Default true. */
  countIncludePad?: boolean;
}

const maxPool = () =>
  ({
    kernelSize: pair(1),
    stride: optional(pair(1)),
    padding: pair(0, 0),
    dilation: pair(1, 1),
    ceilMode: flag(false),
  }) satisfies Schema<MaxPool2dOptions>;

const avgPool = () => {
  const { dilation, ...window } = maxPool();
  return { ...window, countIncludePad: flag(true) } satisfies Schema<AvgPool2dOptions>;
};

type Pair = [number, number];

/** Pairs are [vertical, horizontal]. */
export interface PoolWindow {
  kernelSize: Pair;
  stride: Pair;
  padding: Pair;
  dilation: Pair;
  ceilMode: boolean;
}

/** The stride is the kernel's size where it is left out; paddings beyond half the kernel are refused. */
export function expectWindow(
  where: string,
  { kernelSize, padding, stride = kernelSize }: Partial<PoolWindow> & Pick<PoolWindow, "kernelSize" | "padding">,
) {
  if (padding.some((pad, i) => pad > kernelSize[i] / 2)) {
    const expected = `at most half the kernel ${formatShape(kernelSize)}`;
    throw new ArgumentError(expectation(where, "padding", expected, formatShape(padding)));
  }
  return { kernelSize, stride };
}

/** Checks the input, images or signals, and returns what the op is to know. */
export function pool(b: Builder, x: ValueId, window: PoolWindow, expected = "[n, h, w, channels]") {
  const { kernelSize: kernel, stride, padding, dilation, ceilMode } = window;
  const shape = b.shape(x);
  b.expect(shape.length === expected.split(",").length, "input", expected, shape);
  const sizes = imageOf(shape);
  const [oh, ow] = [0, 1].map((i) => poolOutputSize(sizes[i], kernel[i], stride[i], padding[i], dilation[i], ceilMode));
  b.expect(oh >= 1 && ow >= 1, "input", "an image at least as large as the kernel", shape);
  return { kernel, stride, padding, output: [oh, ow] as const };
}

/**
 * The largest value of each window; NaN wins. [n, h, w, c] → [n, oh, ow, c].
 *
 * @example
 * new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }); // [n, 112, 112, 64] → [n, 56, 56, 64]
 */
export class MaxPool2d extends Layer {
  readonly type = "MaxPool2d";
  readonly #window: PoolWindow;

  constructor(options: MaxPool2dOptions) {
    super();
    const window = readOptions("MaxPool2d", options, maxPool);
    this.#window = { ...window, ...expectWindow("MaxPool2d", window) };
  }

  protected args(): unknown[] {
    return [this.#window];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.op(maxPool2d, [x], { ...pool(b, x, this.#window), dilation: this.#window.dilation })[0];
  }
}

/**
 * The mean of each window, by PyTorch's rules for the border. [n, h, w, c] → [n, oh, ow, c].
 *
 * @example
 * new AvgPool2d({ kernelSize: 2 }); // [n, 32, 32, 8] → [n, 16, 16, 8]
 */
export class AvgPool2d extends Layer {
  readonly type = "AvgPool2d";
  readonly #window: Omit<PoolWindow, "dilation"> & { countIncludePad: boolean };

  constructor(options: AvgPool2dOptions) {
    super();
    const window = readOptions("AvgPool2d", options, avgPool);
    this.#window = { ...window, ...expectWindow("AvgPool2d", window) };
  }

  protected args(): unknown[] {
    return [this.#window];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { countIncludePad, ...window } = this.#window;
    return b.op(avgPool2d, [x], { ...pool(b, x, { ...window, dilation: [1, 1] }), countIncludePad })[0];
  }
}

/**
 * Means over a grid of `size` bins that cover the image, whatever its size. [n, h, w, c] → [n, size[0], size[1], c].
 *
 * @example
 * new Sequential(new Conv2d(3, 16, { kernelSize: 3 }), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(16, 4));
 */
export class AdaptiveAvgPool2d extends Layer {
  readonly type = "AdaptiveAvgPool2d";
  readonly size: [number, number];

  constructor(size: Size) {
    super();
    this.size = pair(1)("AdaptiveAvgPool2d", "size", size);
  }

  protected args(): unknown[] {
    return [this.size];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.adaptiveAvgPool2d(x, this.size);
  }
}
