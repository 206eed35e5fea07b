/** Channels weighted by what the whole image holds. */
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { Conv2d } from "./conv.js";
import { expectSize, Layer } from "./layer.js";

/**
 * Scales each channel by sigmoid(fc2(ReLU(fc1(mean of the channel)))) (Hu et al. 2018). Parameters `fc1` and `fc2` are
 * 1x1 convolutions with bias, as timm's and torchvision's.
 *
 * @example
 * new Sequential(new Conv2d(3, 16, { kernelSize: 3 }), new SqueezeExcitation(16, 4));
 */
export class SqueezeExcitation extends Layer {
  readonly type = "SqueezeExcitation";
  readonly channels: number;
  readonly squeeze: number;

  constructor(channels: number, squeeze: number) {
    super();
    this.channels = expectSize("SqueezeExcitation", "channels", channels);
    this.squeeze = expectSize("SqueezeExcitation", "squeeze", squeeze);
  }

  protected args(): unknown[] {
    return [this.channels, this.squeeze];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const fc1 = new Conv2d(this.channels, this.squeeze, { kernelSize: 1 });
    const fc2 = new Conv2d(this.squeeze, this.channels, { kernelSize: 1 });
    const hidden = b.relu(b.child("fc1", fc1, b.mean(x)));
    return b.scaleChannels(x, b.activation(b.child("fc2", fc2, hidden), "sigmoid"));
  }
}
