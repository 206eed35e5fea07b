/** Fully connected layers. */
import { flag, readOptions, type Schema } from "../core/options.js";
import { biasInit, type Init, type InitName, weightStart } from "../graph/init.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { expectSize, Layer } from "./layer.js";

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** What `weight` starts from. Default `"default"`: PyTorch's initialisation, `bias` too; with any other, `bias` starts at 0. */
  init?: InitName | Init;
}

const schema = () => ({ bias: flag(true), init: weightStart() }) satisfies Schema<LinearOptions>;

/**
 * y = x W^T + b on the last dimension: [..., inFeatures] → [..., outFeatures].
 * Parameters: `weight` [outFeatures, inFeatures], `bias` [outFeatures].
 *
 * @example
 * new Linear(784, 10); // [n, 784] → [n, 10]
 */
export class Linear extends Layer {
  readonly type = "Linear";
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly options: Required<LinearOptions>;

  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions) {
    super();
    this.options = readOptions("Linear", options, schema);
    this.inFeatures = expectSize("Linear", "inFeatures", inFeatures);
    this.outFeatures = expectSize("Linear", "outFeatures", outFeatures);
  }

  protected args(): unknown[] {
    return [this.inFeatures, this.outFeatures, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inFeatures, outFeatures, options } = this;
    const weight = b.parameter("weight", [outFeatures, inFeatures], { init: options.init });
    if (!options.bias) return b.linear(x, weight);
    return b.linear(x, weight, b.parameter("bias", [outFeatures], { init: biasInit(options.init, inFeatures) }));
  }
}
