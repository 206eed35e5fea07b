import { expectBoolean, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, type Shape, sameShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { activation, add } from "../ops/elementwise.js";
import { ActivationLayer } from "./activations.js";
import { Conv2d } from "./conv.js";
import { zeros } from "./init.js";
import { expectLayer, Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { BatchNorm2d } from "./norm.js";
import { Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";

/** Ready-made shortcuts of `Residual`; see its options. */
export type Shortcut = "identity" | "projection" | "pad";

const SHORTCUTS: readonly unknown[] = ["identity", "projection", "pad"];

export interface ResidualOptions {
  /**
   * - `"identity"` (default): x itself; the main branch must keep the shape
   * - `"projection"`: where the shape changes, a learned map: Linear without bias, or for images a strided 1x1
   *   convolution and BatchNorm (option B of the paper); x itself where it does not
   * - `"pad"`: where the shape changes, every stride-th pixel and added channels of zeros (option A)
   * - a layer: whatever it makes of x
   */
  shortcut?: Shortcut | Layer;
  /** Applied to the sum. Default: none. */
  activation?: ActivationLayer | null;
  /**
   * Starts the last weight of the main branch at 0, so that the block begins as its shortcut (Goyal et al. 2017,
   * arXiv:1706.02677, section 5.1). Default false.
   */
  zeroInit?: boolean;
}

/**
 * out = activation(main(x) + shortcut(x)) (He et al. 2015, arXiv:1512.03385, equations 1 and 2). With
 * `main = Sequential(Linear, ReLU, Linear)`: z1 = W1 a + b1, a1 = g(z1), z2 = W2 a1 + b2, out = g(z2 + a).
 * Children are named "main" and "shortcut".
 */
export class Residual extends Layer {
  readonly type = "Residual";
  readonly main: Layer;
  readonly shortcut: Shortcut | Layer;
  readonly activation: ActivationLayer | null;
  readonly zeroInit: boolean;

  constructor(main: Layer, options?: ResidualOptions) {
    super();
    const known = ["shortcut", "activation", "zeroInit"] as const;
    const { shortcut = "identity", activation = null, zeroInit = false } = expectOptions("Residual", options, known);
    this.main = expectLayer("Residual", "main", main);
    if (!SHORTCUTS.includes(shortcut) && !(shortcut instanceof Layer))
      throw new ArgumentError(
        expectation("Residual", "shortcut", '"identity", "projection", "pad" or a layer', shortcut),
      );
    if (activation !== null && !(activation instanceof ActivationLayer))
      throw new ArgumentError(expectation("Residual", "activation", "an activation layer, or null", activation));
    this.shortcut = shortcut;
    this.activation = activation;
    this.zeroInit = expectBoolean("Residual", "zeroInit", zeroInit);
  }

  protected args(): unknown[] {
    const shortcut = this.shortcut instanceof Layer ? this.shortcut.toJSON() : this.shortcut;
    return [this.main.toJSON(), { shortcut, activation: this.activation?.toJSON() ?? null, zeroInit: this.zeroInit }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const before = b.graph.parameters.length;
    const main = b.scope("main", () => this.main.build(b, x));
    if (this.zeroInit) {
      const weight = b.graph.parameters.slice(before).findLast(({ name }) => name.endsWith("weight"));
      b.expect(weight !== undefined, "main", "a layer with a weight, for zeroInit", "none");
      weight!.init = zeros;
    }
    const skip = this.#skip(b, x, main);
    const [sum] = b.op(add, [main, skip], { activation: null });
    return this.activation ? b.op(activation, [sum], this.activation.activation)[0] : sum;
  }

  #skip(b: Builder, x: ValueId, main: ValueId): ValueId {
    const { shortcut } = this;
    const from = b.shape(x);
    const to = b.shape(main);
    let layer = shortcut instanceof Layer ? shortcut : null;
    if (!layer && shortcut !== "identity" && !sameShape(from, to))
      layer = shapeChange(b, shortcut as Shortcut, from, to);
    const skip = layer ? b.scope("shortcut", () => layer.build(b, x)) : x;
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

/** The layer that brings a shortcut from one shape to the other. */
function shapeChange(b: Builder, shortcut: Shortcut, from: Shape, to: Shape): Layer {
  const [inChannels, outChannels] = [from[from.length - 1], to[to.length - 1]];
  const isImage = from.length === 4 && to.length === 4;
  const stride = isImage ? Math.ceil(from[1] / to[1]) : 1;
  const reachable = isImage
    ? Math.ceil(from[1] / stride) === to[1] && Math.ceil(from[2] / stride) === to[2]
    : sameShape(from.slice(0, -1), to.slice(0, -1));
  b.expect(
    reachable,
    "main",
    `an output that a strided shortcut reaches from ${formatShape(from)}`,
    formatShape(to),
    "Give the shortcut as a layer",
    ShapeError,
  );
  if (shortcut === "pad") return new PadShortcut(inChannels, outChannels, { stride });
  if (!isImage) return new Linear(inChannels, outChannels, { bias: false });
  const convolution = new Conv2d(inChannels, outChannels, { kernelSize: 1, stride, bias: false });
  return new Sequential(convolution, new BatchNorm2d(outChannels));
}
