import { convOutputSize } from "../abi/conv.js";
import { expectBoolean, expectInteger, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { conv2d } from "../ops/conv.js";
import { noEpilogue } from "../ops/epilogue.js";
import { linear } from "../ops/linear.js";
import { biasInit, expectInit, type InitName, weightInit } from "./init.js";
import { Layer } from "./layer.js";
import { expectPair, type Size } from "./size.js";

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
  /** Default `"default"`: PyTorch's initialisation. */
  init?: InitName;
}

const KNOWN = ["kernelSize", "stride", "padding", "dilation", "groups", "bias", "init"] as const;

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
    init: InitName;
  };

  constructor(inChannels: number, outChannels: number, options: Conv2dOptions) {
    super();
    const {
      kernelSize,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      init,
    } = expectOptions("Conv2d", options, KNOWN);
    this.inChannels = expectInteger("Conv2d", "inChannels", inChannels, 1);
    this.outChannels = expectInteger("Conv2d", "outChannels", outChannels, 1);
    this.options = {
      kernelSize: expectPair("Conv2d", "kernelSize", kernelSize, 1),
      stride: expectPair("Conv2d", "stride", stride, 1),
      padding: expectPair("Conv2d", "padding", padding, 0),
      dilation: expectPair("Conv2d", "dilation", dilation, 1),
      groups: expectInteger("Conv2d", "groups", groups, 1),
      bias: expectBoolean("Conv2d", "bias", bias),
      init: expectInit("Conv2d", init),
    };
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new ArgumentError(expectation("Conv2d", "groups", `a divisor of ${inChannels} and ${outChannels}`, groups));
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inChannels, outChannels } = this;
    const { kernelSize: kernel, stride, padding, dilation, groups, bias, init } = this.options;
    const shape = b.shape(x);
    b.expect(
      shape.length === 4 && shape[3] === inChannels,
      "input",
      `[n, h, w, ${inChannels}]`,
      formatShape(shape),
      undefined,
      ShapeError,
    );
    for (const [i, axis] of [
      [0, "height"],
      [1, "width"],
    ] as const) {
      const size = convOutputSize(shape[i + 1], kernel[i], stride[i], padding[i], dilation[i]);
      const least = dilation[i] * (kernel[i] - 1) + 1;
      b.expect(
        size >= 1,
        axis,
        `at least ${least} with padding, for the kernel`,
        shape[i + 1] + 2 * padding[i],
        undefined,
        ShapeError,
      );
    }
    const fanIn = (inChannels / groups) * kernel[0] * kernel[1];
    const fanOut = (outChannels / groups) * kernel[0] * kernel[1];
    const weightShape = [outChannels, inChannels / groups, ...kernel];
    const inputs = [
      x,
      b.parameter("weight", weightShape, { init: weightInit(init, fanIn, fanOut), layout: "channelsLast" }),
    ];
    if (bias) inputs.push(b.parameter("bias", [outChannels], { init: biasInit(init, fanIn) }));
    const epilogue = { ...noEpilogue, bias };
    // A 1x1 convolution over all pixels is a product of matrices.
    const pointwise = kernel[0] * kernel[1] * stride[0] * stride[1] * groups === 1 && padding[0] + padding[1] === 0;
    if (pointwise) return b.op(linear, inputs, { epilogue })[0];
    return b.op(conv2d, inputs, { outChannels, kernel, stride, padding, dilation, groups, epilogue })[0];
  }
}
