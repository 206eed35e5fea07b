import { expectInteger, expectNumber } from "../core/check.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { add } from "../ops/elementwise.js";
import { ReLU } from "./activations.js";
import { Dropout } from "./dropout.js";
import { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { BatchNorm1d } from "./norm.js";
import { Sequential } from "./sequential.js";

/**
 * One block of `tabularResNet`: x + Dropout2(Linear(h, d)(Dropout1(ReLU(Linear(d, h)(BatchNorm(x)))))). A layer of its
 * own, because its parameters carry no "main" in their names.
 */
export class TabularBlock extends Layer {
  readonly type = "TabularBlock";
  readonly #args: [d: number, hidden: number, dropout1: number, dropout2: number];
  readonly #main: Sequential;

  constructor(d: number, hidden: number, dropout1: number, dropout2: number) {
    super();
    this.#args = [
      expectInteger("tabularResNet", "d", d, 1),
      expectInteger("tabularResNet", "hidden", hidden, 1),
      expectNumber("tabularResNet", "dropout1", dropout1, 0, 1),
      expectNumber("tabularResNet", "dropout2", dropout2, 0, 1),
    ];
    this.#main = new Sequential({
      normalization: new BatchNorm1d(d),
      linear1: new Linear(d, hidden),
      activation: new ReLU(),
      dropout1: new Dropout(dropout1),
      linear2: new Linear(hidden, d),
      dropout2: new Dropout(dropout2),
    });
  }

  /** The block without its skip connection. */
  plain(): Sequential {
    return this.#main;
  }

  protected args(): unknown[] {
    return this.#args;
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.op(add, [this.#main.build(b, x), x], { activation: null })[0];
  }
}
