/** Convolutions whose filters are standardised. */
import { number } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { layerNorm } from "../ops/norm.js";
import { Conv2d, type Conv2dOptions } from "./conv.js";

export interface StdConv2dOptions extends Conv2dOptions {
  /** Added to the variance. Default 1e-6. */
  eps?: number;
}

/**
 * A convolution whose filters have mean 0 and variance 1 for each output channel, whatever the weights are (Qiao et al. 2019,
 * arXiv:1903.10520): w' = (w - mean(w)) / sqrt(var(w) + eps). Goes with GroupNorm. Shapes, options and parameters are those of
 * `Conv2d`.
 *
 * @example
 * new Sequential(new StdConv2d(3, 16, { kernelSize: 3 }), new GroupNorm(4, 16));
 */
export class StdConv2d extends Conv2d {
  override readonly type: string = "StdConv2d";
  readonly eps: number;

  constructor(inChannels: number, outChannels: number, given: StdConv2dOptions) {
    const { eps, ...options }: StdConv2dOptions = Object(given);
    super(inChannels, outChannels, options);
    this.eps = number({ min: 0, default: 1e-6 })("StdConv2d", "eps", eps);
  }

  protected override args(): unknown[] {
    return [this.inChannels, this.outChannels, { ...this.options, eps: this.eps }];
  }

  protected override filters(b: Builder, weight: ValueId): ValueId {
    const shape = b.shape(weight);
    // A row for each output channel, as LayerNorm has for each sample.
    const rows = b.reshape(weight, [shape[0], numel(shape.slice(1))]);
    return b.reshape(b.op(layerNorm, [rows], { eps: this.eps, affine: false })[0], shape);
  }
}
