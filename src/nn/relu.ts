/** What all activation layers are, and ReLU. */
import { checked } from "../core/options.js";
import type { Activation, ActivationKind } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { Layer } from "./layer.js";

/**
 * An elementwise nonlinearity. Residual and the ready-made blocks take one as `activation`.
 *
 * @example
 * new Residual(new Linear(8, 8), { activation: new GELU() }); // any of them
 */
export abstract class ActivationLayer extends Layer {
  abstract readonly activation: Activation;

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.activation(x, this.activation.kind, this.activation.param);
  }
}

/** An activation layer among the options. */
export const activationLayer = () =>
  checked("an activation layer", (value): value is ActivationLayer => value instanceof ActivationLayer);

/** An activation without a number to it. */
export const plain = (kind: ActivationKind): Activation => ({ kind, param: 0 });

/**
 * max(0, x); NaN stays NaN.
 *
 * @example
 * new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 2));
 */
export class ReLU extends ActivationLayer {
  readonly type = "ReLU";
  readonly activation = plain("relu");
}
