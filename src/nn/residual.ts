/** The skip connection: a main branch beside a shortcut. */
import { ArgumentError } from "../core/errors.js";
import { checked, flag, optional, readOptions, type Schema } from "../core/options.js";
import { formatShape, type Shape, sameShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv.js";
import { expectLayer, Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { ActivationLayer } from "./relu.js";
import { childNames, Sequential } from "./sequential.js";
import { PadShortcut } from "./shortcut.js";

/** Ready-made shortcuts of `Residual`; see its options. */
export type Shortcut = "identity" | "projection" | "pad";

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
  /**
   * What the branches are called in paths and parameter names, "main" and "shortcut" by default. "" gives a branch no
   * level of its own: with `{ main: "", shortcut: "downsample" }` and a `Sequential` of `conv1` and `bn1`, parameters are
   * `conv1.weight`, …, `downsample.weight`.
   */
  names?: { readonly main?: string; readonly shortcut?: string };
}

const isShortcut = (value: unknown): value is Shortcut | Layer =>
  value === "identity" || value === "projection" || value === "pad" || value instanceof Layer;

const schema = () =>
  ({
    shortcut: optional(checked('"identity", "projection", "pad" or a layer', isShortcut), "identity"),
    activation: optional(
      checked(
        "an activation layer, or null",
        (value): value is ActivationLayer | null => value === null || value instanceof ActivationLayer,
      ),
      null,
    ),
    zeroInit: flag(false),
    names: optional(childNames(["main", "shortcut"])),
  }) satisfies Schema<ResidualOptions>;

/**
 * out = activation(main(x) + shortcut(x)) (He et al. 2015, arXiv:1512.03385, equations 1 and 2). With
 * `main = Sequential(Linear, ReLU, Linear)`: z1 = W1 a + b1, a1 = g(z1), z2 = W2 a1 + b2, out = g(z2 + a).
 * Children are named "main" and "shortcut", or as the option `names` says.
 *
 * @example
 * new Residual(new Sequential(new Linear(8, 8), new ReLU(), new Linear(8, 8)), { activation: new ReLU() });
 */
export class Residual extends Layer {
  readonly type = "Residual";
  readonly main: Layer;
  readonly shortcut: Shortcut | Layer;
  readonly activation: ActivationLayer | null;
  readonly zeroInit: boolean;
  readonly names: ResidualOptions["names"];

  constructor(main: Layer, options?: ResidualOptions) {
    super();
    const { shortcut, activation, zeroInit, names } = readOptions("Residual", options, schema);
    this.main = expectLayer("Residual", "main", main);
    this.shortcut = shortcut;
    this.activation = activation;
    this.zeroInit = zeroInit;
    this.names = names;
  }

  protected args(): unknown[] {
    const { main, shortcut, activation, zeroInit, names } = this;
    return [main, { shortcut, activation, zeroInit, ...(names && { names }) }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { activation, names } = this;
    const before = b.graph.parameters.length;
    const main = b.child(names?.main ?? "main", this.main, x);
    if (this.zeroInit) {
      const weight = b.graph.parameters.slice(before).findLast(({ name }) => name.endsWith("weight"));
      b.expect(weight !== undefined, "main", "a layer with a weight, for zeroInit", "none", { error: ArgumentError });
      weight.init = { kind: "constant", value: 0 };
    }
    const sum = b.add(main, this.#skip(b, x, main));
    return activation ? b.activation(sum, activation.activation.kind, activation.activation.param) : sum;
  }

  #skip(b: Builder, x: ValueId, main: ValueId): ValueId {
    const { shortcut, names } = this;
    const [from, to] = [b.shape(x), b.shape(main)];
    const changes = shortcut !== "identity" && !sameShape(from, to);
    const layer = shortcut instanceof Layer ? shortcut : changes ? shapeChange(b, shortcut, from, to) : null;
    const skip = layer ? b.child(names?.shortcut ?? "shortcut", layer, x) : x;
    b.expect(sameShape(b.shape(skip), to), "shortcut", `the main branch's shape ${formatShape(to)}`, b.shape(skip), {
      hint: shortcut === "identity" ? 'Use shortcut: "projection" where the shape changes' : undefined,
    });
    return skip;
  }
}

/** The layer that brings a shortcut from one shape to the other. */
function shapeChange(b: Builder, shortcut: "projection" | "pad", from: Shape, to: Shape): Layer {
  const [inChannels, outChannels] = [from[from.length - 1], to[to.length - 1]];
  const isImage = from.length === 4 && to.length === 4;
  const stride = isImage ? Math.ceil(from[1] / to[1]) : 1;
  const reachable = isImage
    ? Math.ceil(from[1] / stride) === to[1] && Math.ceil(from[2] / stride) === to[2]
    : sameShape(from.slice(0, -1), to.slice(0, -1));
  b.expect(reachable, "main", `an output that a strided shortcut reaches from ${formatShape(from)}`, to, {
    hint: "Give the shortcut as a layer",
  });
  if (shortcut === "pad") return new PadShortcut(inChannels, outChannels, { stride });
  if (!isImage) return new Linear(inChannels, outChannels, { bias: false });
  const convolution = new Conv2d(inChannels, outChannels, { kernelSize: 1, stride, bias: false });
  return new Sequential(convolution, new BatchNorm2d(outChannels));
}
