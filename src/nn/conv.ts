/** Convolutions. */
import { convOutputSize } from "../abi/conv.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, optional, readOptions, type Schema } from "../core/options.js";
import { pair, type Size } from "../core/size.js";
import { biasInit, type Init, type InitName, weightInit, weightStart } from "../graph/init.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
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
 */
export class Conv2d extends Layer {
  readonly type = "Conv2d";
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
    const { groups } = this.options;
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new ArgumentError(expectation("Conv2d", "groups", `a divisor of ${inChannels} and ${outChannels}`, groups));
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, outChannels } = this;
    const { kernelSize, bias: hasBias, init, ...window } = this.options;
    const taps = kernelSize[0] * kernelSize[1];
    const fanIn = (inChannels / window.groups) * taps;
    const weight = b.parameter("weight", [outChannels, inChannels / window.groups, ...kernelSize], {
      init: weightInit(init, fanIn, outChannels * taps),
      layout: "channelsLast",
    });
    const bias = hasBias ? b.parameter("bias", [outChannels], { init: biasInit(init, fanIn) }) : undefined;
    return conv2d(b, x, weight, { bias, ...window });
  }
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
 */
export function conv2d(b: Builder, x: ValueId, weight: ValueId, options?: ConvolutionOptions): ValueId {
  const { bias, ...window } = readOptions("conv2d", options, convolution);
  const { stride, padding, dilation, groups } = window;
  const [outChannels, kh, kw, perGroup] = b.shape(weight);
  const kernel = [kh, kw] as const;
  const shape = b.shape(x);
  b.expect(shape.length === 4 && shape[3] === perGroup * groups, "input", `[n, h, w, ${perGroup * groups}]`, shape);
  ["height", "width"].forEach((axis, i) => {
    const size = convOutputSize(shape[i + 1], kernel[i], stride[i], padding[i], dilation[i]);
    const least = dilation[i] * (kernel[i] - 1) + 1;
    const padded = shape[i + 1] + 2 * padding[i];
    b.expect(size >= 1, axis, `at least ${least} with padding, for the kernel`, padded);
  });
  // A 1x1 convolution over all pixels is a product of matrices.
  const pointwise = kh * kw * stride[0] * stride[1] * groups === 1 && padding[0] + padding[1] === 0;
  if (pointwise) return b.linear(x, weight, bias);
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  const epilogue = { ...noEpilogue, bias: bias !== undefined };
  return b.op(conv2dOp, inputs, { outChannels, kernel, ...window, epilogue })[0];
}
