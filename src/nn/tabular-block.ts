/** The block of the ResNet for tables. */
import { share } from "../core/options.js";
import { BatchNorm1d } from "./batch-norm.js";
import { Dropout } from "./dropout.js";
import { Composite, expectSize } from "./layer.js";
import { Linear } from "./linear.js";
import { ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Sequential } from "./sequential.js";

/** One block of `tabularResNet`: x + Dropout2(Linear(h, d)(Dropout1(ReLU(Linear(d, h)(BatchNorm(x)))))). */
export class TabularBlock extends Composite {
  readonly type = "TabularBlock";
  readonly body: Residual;
  readonly #args: [d: number, hidden: number, dropout1: number, dropout2: number];

  constructor(d: number, hidden: number, dropout1: number, dropout2: number) {
    super();
    const where = "tabularResNet";
    this.#args = [
      expectSize(where, "d", d),
      expectSize(where, "hidden", hidden),
      share()(where, "dropout1", dropout1),
      share()(where, "dropout2", dropout2),
    ];
    const main = new Sequential({
      normalization: new BatchNorm1d(d),
      linear1: new Linear(d, hidden),
      activation: new ReLU(),
      dropout1: new Dropout(dropout1),
      linear2: new Linear(hidden, d),
      dropout2: new Dropout(dropout2),
    });
    this.body = new Residual(main, { names: { main: "" } });
  }

  protected args(): unknown[] {
    return this.#args;
  }
}
