/** Ready-made fully connected networks. */
import { expectInteger, expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import { type ActivationLayer, ReLU } from "./activations.js";
import { Dropout } from "./dropout.js";
import type { InitName } from "./init.js";
import type { Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { BatchNorm1d, LayerNorm } from "./norm.js";
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
  /** Normalisation behind each hidden linear layer. Default `"none"`. */
  norm?: "none" | "batch" | "layer";
  /** Dropout in each block, behind its first activation. Default 0. */
  dropout?: number;
  /** Default `"default"`. */
  init?: InitName;
  /** Starts each block as its shortcut. Default: with `init: "he"`, as explained at `residualTwin`. */
  zeroInitResidual?: boolean;
}

/**
 * Linear(in, width), g, then `blocks` times out = g(W2 g(W1 a + b1) + b2 + a), then Linear(width, out).
 * Hidden layers: 1 + 2 · blocks.
 */
export function residualMLP(options: ResidualMLPOptions): Sequential {
  const known = ["in", "width", "blocks", "out", "activation", "norm", "dropout", "init", "zeroInitResidual"] as const;
  const {
    width = 128,
    blocks = 8,
    activation = new ReLU(),
    norm = "none",
    dropout = 0,
    init = "default",
    zeroInitResidual = init === "he",
    ...sizes
  } = expectOptions("residualMLP", options, known);
  expectInteger("residualMLP", "blocks", blocks, 0);
  expectOneOf("residualMLP", "norm", norm, ["none", "batch", "layer"]);
  expectNumber("residualMLP", "dropout", dropout, 0, 1);
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
    ...hidden(sizes.in),
    activation,
    ...Array.from({ length: blocks }, block),
    new Linear(width, sizes.out, { init }),
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

/**
 * ResNet for tables (Gorishniy et al. 2021, arXiv:2106.11959):
 * x = Linear(in, d); blocks x + Dropout2(Linear(h, d)(Dropout1(ReLU(Linear(d, h)(BatchNorm(x))))));
 * output Linear(d, out)(ReLU(BatchNorm(x))). Parameter names as in rtdl: `input_projection`,
 * `blocks.{i}.{normalization,linear1,linear2}`, `output.{normalization,linear}`.
 */
export function tabularResNet(options: TabularResNetOptions): Sequential {
  const known = ["in", "out", "blocks", "d", "hiddenMultiplier", "dropout1", "dropout2"] as const;
  const {
    blocks = 2,
    d = 192,
    hiddenMultiplier = 2,
    dropout1 = 0.15,
    dropout2 = 0,
    ...sizes
  } = expectOptions("tabularResNet", options, known);
  expectInteger("tabularResNet", "blocks", blocks, 0);
  expectInteger("tabularResNet", "d", d, 1);
  expectNumber("tabularResNet", "hiddenMultiplier", hiddenMultiplier, 0, Infinity, "min");
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
