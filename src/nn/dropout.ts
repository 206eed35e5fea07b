import { expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { dropout } from "../ops/elementwise.js";
import { Layer } from "./layer.js";

/** In training zeroes each element with probability `p` (default 0.5) and scales the others by 1 / (1 - p). */
export class Dropout extends Layer {
  readonly type = "Dropout";
  readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = expectNumber("Dropout", "p", p, 0, 1);
  }

  protected args(): unknown[] {
    return [this.p];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const stream = b.stream();
    if (!b.mode.training || this.p === 0) return x;
    return b.op(dropout, [x], { p: this.p, group: 1, stream })[0];
  }
}

/**
 * In training drops a whole residual branch with probability `p`, for each sample on its own (`mode: "row"`, the
 * default) or for the batch at once, and scales what is kept by 1 / (1 - p) (Huang et al. 2016, as torchvision does
 * it). Put it last in the main branch of a Residual.
 */
export class StochasticDepth extends Layer {
  readonly type = "StochasticDepth";
  readonly p: number;
  readonly options: { mode: "row" | "batch" };

  constructor(p: number, options?: { mode?: "row" | "batch" }) {
    super();
    const { mode = "row" } = expectOptions("StochasticDepth", options, ["mode"]);
    this.p = expectNumber("StochasticDepth", "p", p, 0, 1);
    this.options = { mode: expectOneOf("StochasticDepth", "mode", mode, ["row", "batch"]) };
  }

  protected args(): unknown[] {
    return [this.p, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const stream = b.stream();
    if (!b.mode.training || this.p === 0) return x;
    const shape = b.shape(x);
    const group = numel(this.options.mode === "row" ? shape.slice(1) : shape);
    return b.op(dropout, [x], { p: this.p, group, stream })[0];
  }
}
