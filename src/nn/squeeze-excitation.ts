import { expectInteger } from "../core/check.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { activation, scaleChannels } from "../ops/elementwise.js";
import { adaptiveAvgPool2d } from "../ops/pool.js";
import { Conv2d } from "./conv.js";
import { Layer } from "./layer.js";

/**
 * Scales each channel by sigmoid(fc2(ReLU(fc1(mean of the channel)))) (Hu et al. 2018). Parameters `fc1` and `fc2` are
 * 1x1 convolutions with bias, as timm's and torchvision's.
 */
export class SqueezeExcitation extends Layer {
  readonly type = "SqueezeExcitation";
  readonly channels: number;
  readonly squeeze: number;

  constructor(channels: number, squeeze: number) {
    super();
    this.channels = expectInteger("SqueezeExcitation", "channels", channels, 1);
    this.squeeze = expectInteger("SqueezeExcitation", "squeeze", squeeze, 1);
  }

  protected args(): unknown[] {
    return [this.channels, this.squeeze];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [mean] = b.op(adaptiveAvgPool2d, [x], { output: [1, 1] });
    const fc = (name: string, from: number, to: number, value: ValueId) =>
      b.scope(name, () => new Conv2d(from, to, { kernelSize: 1 }).build(b, value));
    const hidden = b.op(activation, [fc("fc1", this.channels, this.squeeze, mean)], { kind: "relu", param: 0 })[0];
    const gate = b.op(activation, [fc("fc2", this.squeeze, this.channels, hidden)], { kind: "sigmoid", param: 0 })[0];
    return b.op(scaleChannels, [x, gate], {})[0];
  }
}
