/** What training leaves out at random: single values, or whole branches. */
import { oneOf, readOptions, type Schema, share } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { Layer } from "./layer.js";

/**
 * In training zeroes each element with probability `p` (default 0.5) and scales the others by 1 / (1 - p).
 *
 * @example
 * new Sequential(new Linear(8, 16), new ReLU(), new Dropout(0.5), new Linear(16, 2));
 */
export class Dropout extends Layer {
  readonly type = "Dropout";
  readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = share()("Dropout", "p", p);
  }

  protected args(): unknown[] {
    return [this.p];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.dropout(x, this.p);
  }
}

export interface StochasticDepthOptions {
  /** Whether each sample is drawn for, or the batch. Default `"row"`. */
  mode?: "row" | "batch";
}

const schema = () => ({ mode: oneOf(["row", "batch"], "row") }) satisfies Schema<StochasticDepthOptions>;

/**
 * In training drops a whole residual branch with probability `p`, for each sample on its own (`mode: "row"`, the
 * default) or for the batch at once, and scales what is kept by 1 / (1 - p) (Huang et al. 2016, as torchvision does
 * it). Put it last in the main branch of a Residual.
 *
 * @example
 * new Residual(new Sequential(new Linear(8, 8), new StochasticDepth(0.2)));
 */
export class StochasticDepth extends Layer {
  readonly type = "StochasticDepth";
  readonly p: number;
  readonly options: Required<StochasticDepthOptions>;

  constructor(p: number, options?: StochasticDepthOptions) {
    super();
    this.options = readOptions("StochasticDepth", options, schema);
    this.p = share()("StochasticDepth", "p", p);
  }

  protected args(): unknown[] {
    return [this.p, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const shape = b.shape(x);
    return b.dropout(x, this.p, this.options.mode === "row" ? numel(shape.slice(1)) : Infinity);
  }
}
