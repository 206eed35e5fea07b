/** Channels weighted by what a branch makes of them. */
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { expectLayer, Layer } from "./layer.js";

/**
 * x · main(x), where the branch gives a factor for each channel of each image: [n, h, w, c] → [n, 1, 1, c]. The branch has no
 * level of its own in parameter names. With another activation or gate than `SqueezeExcitation` has:
 *
 *     new Gate(
 *       new Sequential({
 *         pool: new AdaptiveAvgPool2d(1),
 *         fc1: new Conv2d(64, 16, { kernelSize: 1 }),
 *         act: new SiLU(),
 *         fc2: new Conv2d(16, 64, { kernelSize: 1 }),
 *         gate: new Hardsigmoid(),
 *       }),
 *     );
 *
 * @example
 * new Gate(new Sequential(new AdaptiveAvgPool2d(1), new Conv2d(16, 16, { kernelSize: 1 }), new Sigmoid()));
 */
export class Gate extends Layer {
  readonly type = "Gate";
  readonly main: Layer;

  constructor(main: Layer) {
    super();
    this.main = expectLayer("Gate", "main", main);
  }

  protected args(): unknown[] {
    return [this.main];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    b.expect(b.shape(x).length === 4, "input", "[n, h, w, channels]", b.shape(x));
    return b.scaleChannels(x, b.child("", this.main, x));
  }
}
