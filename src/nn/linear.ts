import { expectBoolean, expectInteger, expectOptions } from "../core/check.js";
import { ShapeError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { noEpilogue } from "../ops/epilogue.js";
import { linear } from "../ops/linear.js";
import { biasInit, expectInit, type InitName, weightInit } from "./init.js";
import { Layer } from "./layer.js";

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** Default `"default"`: PyTorch's initialisation. */
  init?: InitName;
}

/**
 * y = x W^T + b on the last dimension: [..., inFeatures] → [..., outFeatures].
 * Parameters: `weight` [outFeatures, inFeatures], `bias` [outFeatures].
 */
export class Linear extends Layer {
  readonly type = "Linear";
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly options: Required<LinearOptions>;

  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions) {
    super();
    const { bias = true, init } = expectOptions("Linear", options, ["bias", "init"]);
    this.inFeatures = expectInteger("Linear", "inFeatures", inFeatures, 1);
    this.outFeatures = expectInteger("Linear", "outFeatures", outFeatures, 1);
    this.options = { bias: expectBoolean("Linear", "bias", bias), init: expectInit("Linear", init) };
  }

  protected args(): unknown[] {
    return [this.inFeatures, this.outFeatures, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { inFeatures, outFeatures, options } = this;
    const shape = b.shape(x);
    b.expect(
      shape.length >= 2 && shape[shape.length - 1] === inFeatures,
      "input",
      `[n, ..., ${inFeatures}]`,
      formatShape(shape),
      undefined,
      ShapeError,
    );
    const init = weightInit(options.init, inFeatures, outFeatures);
    const weight = b.parameter("weight", [outFeatures, inFeatures], { init });
    const inputs = [x, weight];
    if (options.bias) inputs.push(b.parameter("bias", [outFeatures], { init: biasInit(options.init, inFeatures) }));
    return b.op(linear, inputs, { epilogue: { ...noEpilogue, bias: options.bias } })[0];
  }
}
