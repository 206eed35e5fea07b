import { expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, sameShape } from "../core/shape.js";
import type { Builder } from "../graph/builder.js";
import type { ValueId } from "../graph/graph.js";
import { ActivationLayer } from "./activations.js";
import { expectLayer, Layer, registerLayer } from "./layer.js";
import { Linear } from "./linear.js";

export interface ResidualOptions {
  /**
   * - `"identity"` (default): x itself; the main branch must keep the shape
   * - `"projection"`: a learned linear map without bias where the shape changes, x itself where it does not
   * - a layer: whatever it makes of x
   */
  shortcut?: "identity" | "projection" | Layer;
  /** Applied to the sum. Default: none. */
  activation?: ActivationLayer | null;
}

/**
 * out = activation(main(x) + shortcut(x)) (He et al. 2015, arXiv:1512.03385, equations 1 and 2). With
 * `main = Sequential(Linear, ReLU, Linear)`: z1 = W1 a + b1, a1 = g(z1), z2 = W2 a1 + b2, out = g(z2 + a).
 * Children are named "main" and "shortcut".
 */
export class Residual extends Layer {
  readonly type = "Residual";
  readonly main: Layer;
  readonly shortcut: "identity" | "projection" | Layer;
  readonly activation: ActivationLayer | null;

  constructor(main: Layer, options?: ResidualOptions) {
    super();
    const { shortcut = "identity", activation = null } = expectOptions("Residual", options, ["shortcut", "activation"]);
    this.main = expectLayer("Residual", "main", main);
    if (shortcut !== "identity" && shortcut !== "projection" && !(shortcut instanceof Layer))
      throw new ArgumentError(expectation("Residual", "shortcut", '"identity", "projection" or a layer', shortcut));
    if (activation !== null && !(activation instanceof ActivationLayer))
      throw new ArgumentError(expectation("Residual", "activation", "an activation layer, or null", activation));
    this.shortcut = shortcut;
    this.activation = activation;
  }

  protected args(): unknown[] {
    const shortcut = this.shortcut instanceof Layer ? this.shortcut.toJSON() : this.shortcut;
    return [this.main.toJSON(), { shortcut, activation: this.activation?.toJSON() ?? null }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const main = b.scope("main", () => this.main.build(b, x));
    const skip = this.#skip(b, x, main);
    const [sum] = b.op("add", [main, skip], { activation: null });
    return this.activation ? b.op("activation", [sum], this.activation.activation)[0] : sum;
  }

  #skip(b: Builder, x: ValueId, main: ValueId): ValueId {
    const { shortcut } = this;
    const from = b.shape(x);
    const to = b.shape(main);
    let skip = x;
    if (shortcut instanceof Layer) skip = b.scope("shortcut", () => shortcut.build(b, x));
    else if (shortcut === "projection" && !sameShape(from, to)) {
      b.expect(
        sameShape(from.slice(0, -1), to.slice(0, -1)),
        "main",
        `an output of [${from.slice(0, -1)}, ...] for a projection`,
        formatShape(to),
        "Give the shortcut as a layer",
        ShapeError,
      );
      const projection = new Linear(from[from.length - 1], to[to.length - 1], { bias: false });
      skip = b.scope("shortcut", () => projection.build(b, x));
    }
    if (sameShape(b.shape(skip), to)) return skip;
    const hint = shortcut === "identity" ? 'Use shortcut: "projection" where the shape changes' : undefined;
    throw new ShapeError(
      expectation("Residual", "shortcut", `the main branch's shape ${formatShape(to)}`, formatShape(b.shape(skip)), {
        path: b.path,
        hint,
      }),
    );
  }
}
registerLayer("Residual", Residual);
