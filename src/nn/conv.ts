/** Convolutions. */
import { convOutputSize } from "../abi/conv.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, optional, readOptions, type Schema } from "../core/options.js";
import { imageOf, last, numel, type Pair } from "../core/shape.js";
import { pair, type Size } from "../core/size.js";
import { biasInit, type Init, type InitName, weightInit, weightStart } from "../graph/init.js";
import type { ValueId } from "../graph/value.js";
import { type Builder, expectBuilder } from "../ops/builder.js";
import { conv2d as conv2dOp } from "../ops/conv.js";
import { noEpilogue } from "../ops/epilogue.js";
import { expectSize, Layer } from "./layer.js";

export interface Conv2dOptions {
  kernelSize: Size;
  /** Default 1. */
  stride?: Size;
  /** Zeros around the image. Default 0. */
  padding?: Size;
  /** Default 1. */
  dilation?: Size;
  /** Input and output channels are split into this many groups. Default 1; `groups = in = out` is a depthwise convolution. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** What `weight` starts from. Default `"default"`: PyTorch's initialisation, `bias` too; with any other, `bias` starts at 0. */
  init?: InitName | Init;
}

const schema = () =>
  ({
    kernelSize: pair(1),
    stride: pair(1, 1),
    padding: pair(0, 0),
    dilation: pair(1, 1),
    groups: integer({ min: 1, default: 1 }),
    bias: flag(true),
    init: weightStart(),
  }) satisfies Schema<Conv2dOptions>;

/**
 * 2-D convolution (cross-correlation, as in PyTorch) of images [n, h, w, inChannels] → [n, oh, ow, outChannels] with
 * oh = floor((h + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * Parameters: `weight` [outChannels, inChannels / groups, kh, kw], `bias` [outChannels].
 *
 * @example
 * new Conv2d(3, 64, { kernelSize: 7, stride: 2, padding: 3 }); // [n, 224, 224, 3] → [n, 112, 112, 64]
 */
export class Conv2d extends Layer {
  readonly type: string = "Conv2d";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: {
    kernelSize: [number, number];
    stride: [number, number];
    padding: [number, number];
    dilation: [number, number];
    groups: number;
    bias: boolean;
    init: InitName | Init;
  };

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super();
    this.options = readOptions("Conv2d", options, schema);
    this.inChannels = expectSize("Conv2d", "inChannels", inChannels);
    this.outChannels = expectSize("Conv2d", "outChannels", outChannels);
    expectGroups("Conv2d", this.options.groups, inChannels, outChannels);
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { stride, padding, dilation, groups } = this.options;
    const { weight, bias } = declareFilters(b, this, this.options);
    return convolve(b, x, { weight: this.filters(b, weight), bias, stride, padding, dilation, groups });
  }

  /** What the weights become before they are filters. */
  protected filters(_: Builder, weight: ValueId): ValueId {
    return weight;
  }
}

export function expectGroups(where: string, groups: number, inChannels: number, outChannels: number): void {
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ArgumentError(expectation(where, "groups", `a divisor of ${inChannels} and ${outChannels}`, groups));
}

interface Filters {
  /** Of each spatial dimension. */
  kernelSize: readonly number[];
  groups: number;
  bias: boolean;
  init: InitName | Init;
}

/** The parameters of a convolution layer. */
export function declareFilters(
  b: Builder,
  { inChannels, outChannels }: { inChannels: number; outChannels: number },
  { kernelSize, groups, bias, init }: Filters,
): { weight: ValueId; bias: ValueId | undefined } {
  const taps = numel(kernelSize);
  const fanIn = (inChannels / groups) * taps;
  const weight = b.parameter("weight", [outChannels, inChannels / groups, ...kernelSize], {
    init: weightInit(init, fanIn, outChannels * taps),
    layout: "channelsLast",
  });
  return { weight, bias: bias ? b.parameter("bias", [outChannels], { init: biasInit(init, fanIn) }) : undefined };
}

export interface ConvolutionOptions extends Pick<Conv2dOptions, "stride" | "padding" | "dilation" | "groups"> {
  /** [outChannels], added to each pixel. Default: none. */
  bias?: ValueId | undefined;
}

const convolution = () => {
  const { stride, padding, dilation, groups } = schema();
  return { stride, padding, dilation, groups, bias: optional(integer()) } satisfies Schema<ConvolutionOptions>;
};

/**
 * What Conv2d records, for own layers: a convolution of [n, h, w, in] by a parameter [out, in / groups, kh, kw] of the
 * layout `"channelsLast"` → [n, oh, ow, out].
 *
 * @example
 * const weight = b.parameter("weight", [8, 3, 3, channels], { init: "he" });
 * conv2d(b, x, weight, { padding: 1 }); // own layers
 */
export function conv2d(b: Builder, x: ValueId, weight: ValueId, options?: ConvolutionOptions): ValueId {
  expectBuilder("conv2d", b);
  return convolve(b, x, { weight, ...readOptions("conv2d", options, convolution) });
}

/** Filters and how they move; pairs are [vertical, horizontal], `after` is the padding after where it differs. */
export interface Convolve {
  weight: ValueId;
  bias: ValueId | undefined;
  stride: Pair;
  padding: Pair;
  after?: Pair;
  dilation: Pair;
  groups: number;
  /** Without Winograd. */
  isExact?: boolean;
}

/** The convolution of images by filters [out, kh, kw, in / groups] in memory, or of signals by [out, k, in / groups]. */
export function convolve(b: Builder, x: ValueId, { weight, bias, ...window }: Convolve): ValueId {
  const { stride, padding, after = padding, dilation, groups } = window;
  const [shape, filters] = [b.shape(x), b.shape(weight)];
  const [kh, kw, perGroup] = imageOf(filters);
  const kernel = [kh, kw] as const;
  const isSignal = filters.length === 3;
  const expected = `[n, ${isSignal ? "length" : "h, w"}, ${perGroup * groups}]`;
  b.expect(shape.length === filters.length && last(shape) === perGroup * groups, "input", expected, shape);
  const sizes = imageOf(shape);
  ["height", isSignal ? "length" : "width"].forEach((axis, i) => {
    const size = convOutputSize(sizes[i], kernel[i], stride[i], padding[i], dilation[i], after[i]);
    const least = dilation[i] * (kernel[i] - 1) + 1;
    b.expect(size >= 1, axis, `at least ${least} with padding, for the kernel`, sizes[i] + padding[i] + after[i]);
  });
  // A 1x1 convolution over all pixels is a product of matrices.
  const pointwise = kh * kw * stride[0] * stride[1] * groups === 1 && Math.max(...padding, ...after) === 0;
  if (pointwise) return b.linear(x, weight, bias);
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  const epilogue = { ...noEpilogue, bias: bias !== undefined };
  return b.op(conv2dOp, inputs, { outChannels: filters[0], kernel, ...window, epilogue })[0];
}
