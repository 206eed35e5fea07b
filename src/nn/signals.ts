/** Convolution and pooling of signals [n, length, channels]: the ops of images, of height 1. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, type Option, optional, readOptions, type Schema } from "../core/options.js";
import { type Init, type InitName, weightStart } from "../graph/init.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "../ops/pool.js";
import { convolve, declareFilters, expectGroups } from "./conv.js";
import { expectSize, Layer } from "./layer.js";
import { expectWindow, type PoolWindow, pool } from "./pool.js";

export interface Conv1dOptions {
  kernelSize: number;
  /** Default 1. */
  stride?: number;
  /** Zeros at both ends; `"same"` keeps the length, with one zero more at the end where kernels are even. Default 0. */
  padding?: number | "same";
  /** Default 1. */
  dilation?: number;
  /** Input and output channels are split into this many groups. Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** What `weight` starts from. Default `"default"`: PyTorch's initialisation, `bias` too; with any other, `bias` starts at 0. */
  init?: InitName | Init;
}

const zeros: Option<number | "same", number | "same" | undefined> = (where, name, value) =>
  value === "same" ? value : integer({ min: 0, default: 0 })(where, name, value);

const convolution = () =>
  ({
    kernelSize: integer({ min: 1 }),
    stride: integer({ min: 1, default: 1 }),
    padding: zeros,
    dilation: integer({ min: 1, default: 1 }),
    groups: integer({ min: 1, default: 1 }),
    bias: flag(true),
    init: weightStart(),
  }) satisfies Schema<Conv1dOptions>;

/**
 * 1-D convolution (cross-correlation, as in PyTorch) of signals [n, length, inChannels] → [n, l, outChannels] with
 * l = floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * Parameters: `weight` [outChannels, inChannels / groups, kernelSize], `bias` [outChannels].
 *
 *     new Sequential(new Conv1d(1, 64, { kernelSize: 7, padding: 3 }), new BatchNorm1d(64), new ReLU())
 *
 * @example
 * new Conv1d(3, 16, { kernelSize: 5, padding: 2 }); // [n, 128, 3] → [n, 128, 16]
 */
export class Conv1d extends Layer {
  readonly type = "Conv1d";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: Required<Conv1dOptions>;

  constructor(inChannels: number, outChannels: number, options: Conv1dOptions) {
    super();
    this.options = readOptions("Conv1d", options, convolution);
    this.inChannels = expectSize("Conv1d", "inChannels", inChannels);
    this.outChannels = expectSize("Conv1d", "outChannels", outChannels);
    const { groups, padding, stride } = this.options;
    expectGroups("Conv1d", groups, inChannels, outChannels);
    if (padding === "same" && stride > 1)
      throw new ArgumentError(expectation("Conv1d", "stride", '1 with padding "same"', stride));
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { kernelSize, stride, padding, dilation, groups, bias, init } = this.options;
    const both = dilation * (kernelSize - 1);
    const before = padding === "same" ? Math.floor(both / 2) : padding;
    return convolve(b, x, {
      ...declareFilters(b, this, { kernelSize: [kernelSize], groups, bias, init }),
      stride: [1, stride],
      padding: [0, before],
      after: [0, padding === "same" ? both - before : before],
      dilation: [1, dilation],
      groups,
    });
  }
}

export interface MaxPool1dOptions {
  kernelSize: number;
  /** Default: the kernel size. */
  stride?: number;
  /** Implicit -Infinity at both ends; at most half the kernel. Default 0. */
  padding?: number;
  /** Default 1. */
  dilation?: number;
  /** Round the output size up: the last window may hang over the end. Default false. */
  ceilMode?: boolean;
}

export interface AvgPool1dOptions extends Omit<MaxPool1dOptions, "dilation"> {
  /** Whether the zeros of the padding count in the mean. Default true. */
  countIncludePad?: boolean;
}

const avgPool = () =>
  ({
    kernelSize: integer({ min: 1 }),
    stride: optional(integer({ min: 1 })),
    padding: integer({ min: 0, default: 0 }),
    ceilMode: flag(false),
    countIncludePad: flag(true),
  }) satisfies Schema<AvgPool1dOptions>;

const maxPool = () => {
  const { countIncludePad, ...window } = avgPool();
  return { ...window, dilation: integer({ min: 1, default: 1 }) } satisfies Schema<MaxPool1dOptions>;
};

const SIGNALS = "[n, length, channels]";

/** A window of a signal as that of an image of height 1. */
const flat = (where: string, options: MaxPool1dOptions): PoolWindow => {
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  const window: PoolWindow = {
    ...{ kernelSize: [1, kernelSize], stride: [1, stride], padding: [0, padding], dilation: [1, dilation] },
    ceilMode,
  };
  return { ...window, ...expectWindow(where, window) };
};

/**
 * The largest value of each window; NaN wins. [n, length, c] → [n, l, c].
 *
 * @example
 * new MaxPool1d({ kernelSize: 2 }); // [n, 128, 8] → [n, 64, 8]
 */
export class MaxPool1d extends Layer {
  readonly type = "MaxPool1d";
  readonly #options: MaxPool1dOptions;
  readonly #window: PoolWindow;

  constructor(options: MaxPool1dOptions) {
    super();
    this.#options = readOptions("MaxPool1d", options, maxPool);
    this.#window = flat("MaxPool1d", this.#options);
  }

  protected args(): unknown[] {
    return [this.#options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.op(maxPool2d, [x], { ...pool(b, x, this.#window, SIGNALS), dilation: this.#window.dilation })[0];
  }
}

/**
 * The mean of each window, by PyTorch's rules for the border. [n, length, c] → [n, l, c].
 *
 * @example
 * new AvgPool1d({ kernelSize: 2 }); // [n, 128, 8] → [n, 64, 8]
 */
export class AvgPool1d extends Layer {
  readonly type = "AvgPool1d";
  readonly #options: Required<Pick<AvgPool1dOptions, "countIncludePad">> & AvgPool1dOptions;
  readonly #window: PoolWindow;

  constructor(options: AvgPool1dOptions) {
    super();
    this.#options = readOptions("AvgPool1d", options, avgPool);
    this.#window = flat("AvgPool1d", this.#options);
  }

  protected args(): unknown[] {
    return [this.#options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { countIncludePad } = this.#options;
    return b.op(avgPool2d, [x], { ...pool(b, x, this.#window, SIGNALS), countIncludePad })[0];
  }
}

/**
 * Means over `size` bins that cover the signal, whatever its length. [n, length, c] → [n, size, c].
 *
 * @example
 * new Sequential(new Conv1d(3, 16, { kernelSize: 3 }), new AdaptiveAvgPool1d(1), new Flatten(), new Linear(16, 4));
 */
export class AdaptiveAvgPool1d extends Layer {
  readonly type = "AdaptiveAvgPool1d";
  readonly size: number;

  constructor(size: number) {
    super();
    this.size = expectSize("AdaptiveAvgPool1d", "size", size);
  }

  protected args(): unknown[] {
    return [this.size];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    b.expect(b.shape(x).length === 3, "input", SIGNALS, b.shape(x));
    return b.op(adaptiveAvgPool2d, [x], { output: [1, this.size] })[0];
  }
}
