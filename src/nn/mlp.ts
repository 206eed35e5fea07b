/** Ready-made fully connected networks. */
import { flag, integer, oneOf, optional, positive, readOptions, type Schema, share } from "../core/options.js";
import { type InitName, initName } from "../graph/init.js";
import { BatchNorm1d } from "./batch-norm.js";
import { Dropout } from "./dropout.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { LayerNorm } from "./norm.js";
import { type ActivationLayer, activationLayer, ReLU } from "./relu.js";
import { Residual } from "./residual.js";
import { Sequential } from "./sequential.js";
import { TabularBlock } from "./tabular-block.js";

export interface ResidualMLPOptions {
  /** Input features. */
  in: number;
  /** Features of every hidden layer. Default 128. */
  width?: number;
  /** Residual blocks of two hidden layers each. Default 8. */
  blocks?: number;
  /** Output features. */
  out: number;
  /** Default `new ReLU()`. */
  activation?: ActivationLayer;
  /** Normalisation after each hidden linear layer. Default `"none"`. */
  norm?: "none" | "batch" | "layer";
  /** Dropout in each block, after its first activation. Default 0. */
  dropout?: number;
  /** Default `"default"`. */
  init?: InitName;
  /** Starts each block as its shortcut. Default: with `init: "he"`, as explained at `residualTwin`. */
  zeroInitResidual?: boolean;
}

const mlp = () =>
  ({
    in: integer({ min: 1 }),
    width: integer({ min: 1, default: 128 }),
    blocks: integer({ default: 8 }),
    out: integer({ min: 1 }),
    activation: optional(activationLayer()),
    norm: oneOf(["none", "batch", "layer"], "none"),
    dropout: share(0),
    init: initName("default"),
    zeroInitResidual: optional(flag()),
  }) satisfies Schema<ResidualMLPOptions>;

/**
 * Linear(in, width), g, then `blocks` times out = g(W2 g(W1 a + b1) + b2 + a), then Linear(width, out).
 * Hidden layers: 1 + 2 · blocks.
 *
 * @example
 * const model = await createModel(residualMLP({ in: 784, width: 64, blocks: 4, out: 10 }), { inputShape: [784] });
 */
export function residualMLP(options: ResidualMLPOptions): Sequential {
  const {
    width,
    blocks,
    activation = new ReLU(),
    norm,
    dropout,
    init,
    ...given
  } = readOptions("residualMLP", options, mlp);
  const { zeroInitResidual = init === "he" } = given;
  const hidden = (from: number): Layer[] => {
    const linear = new Linear(from, width, { init });
    return norm === "none" ? [linear] : [linear, norm === "batch" ? new BatchNorm1d(width) : new LayerNorm(width)];
  };
  const block = () => {
    const drop = dropout > 0 ? [new Dropout(dropout)] : [];
    const main = new Sequential(...hidden(width), activation, ...drop, ...hidden(width));
    return new Residual(main, { activation, zeroInit: zeroInitResidual });
  };
  return new Sequential(
    ...hidden(given.in),
    activation,
    ...Array.from({ length: blocks }, block),
    new Linear(width, given.out, { init }),
  );
}

export interface TabularResNetOptions {
  in: number;
  out: number;
  /** Default 2. */
  blocks?: number;
  /** Width of the residual stream. Default 192. */
  d?: number;
  /** Width inside a block, as a multiple of `d`. Default 2. */
  hiddenMultiplier?: number;
  /** Inside a block. Default 0.15. */
  dropout1?: number;
  /** At the end of a block. Default 0. */
  dropout2?: number;
}

const tabular = () =>
  ({
    in: integer({ min: 1 }),
    out: integer({ min: 1 }),
    blocks: integer({ default: 2 }),
    d: integer({ min: 1, default: 192 }),
    hiddenMultiplier: positive(2),
    dropout1: share(0.15),
    dropout2: share(0),
  }) satisfies Schema<TabularResNetOptions>;

/**
 * ResNet for tables (Gorishniy et al. 2021, arXiv:2106.11959):
 * x = Linear(in, d); blocks x + Dropout2(Linear(h, d)(Dropout1(ReLU(Linear(d, h)(BatchNorm(x))))));
 * output Linear(d, out)(ReLU(BatchNorm(x))). Parameter names as in rtdl: `input_projection`,
 * `blocks.{i}.{normalization,linear1,linear2}`, `output.{normalization,linear}`.
 *
 * @example
 * const model = await createModel(tabularResNet({ in: 12, out: 2 }), { inputShape: [12] });
 */
export function tabularResNet(options: TabularResNetOptions): Sequential {
  const { blocks, d, hiddenMultiplier, dropout1, dropout2, ...sizes } = readOptions("tabularResNet", options, tabular);
  const hidden = Math.max(1, Math.floor(d * hiddenMultiplier));
  const block = () => new TabularBlock(d, hidden, dropout1, dropout2);
  return new Sequential({
    input_projection: new Linear(sizes.in, d),
    blocks: new Sequential(...Array.from({ length: blocks }, block)),
    output: new Sequential({
      normalization: new BatchNorm1d(d),
      activation: new ReLU(),
      linear: new Linear(d, sizes.out),
    }),
  });
}
