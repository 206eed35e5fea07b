/** Normalisation over a batch. */
import { flag, number, readOptions, type Schema, share } from "../core/options.js";
import { numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import { batchNorm, batchNormRstd, batchNormStats, batchNormUpdate } from "../ops/batch-norm.js";
import type { Builder } from "../ops/builder.js";
import { expectSize, Layer } from "./layer.js";

/** A layer that brings what a weight layer gives to mean 0 and variance 1. */
export abstract class Normalization extends Layer {}

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Weight of the new batch in the running statistics (PyTorch's convention). Default 0.1. */
  momentum?: number;
  /** Learn `weight` and `bias`. Default true. */
  affine?: boolean;
  /** Use the running statistics in training too and do not update them. Default false; `freeze` has the same effect. */
  frozen?: boolean;
  /** What `weight` starts from. Default 1; 0 in the last norm of a residual branch makes the block start as the identity. */
  initialWeight?: number;
}

const batchNormSchema = () =>
  ({
    eps: number({ min: 0, default: 1e-5 }),
    momentum: share(0.1),
    affine: flag(true),
    frozen: flag(false),
    initialWeight: number({ default: 1 }),
  }) satisfies Schema<BatchNormOptions>;

/**
 * Batch normalisation over all dimensions but the last, the channels (Ioffe & Szegedy 2015). Training uses the batch's
 * mean and biased variance and moves the running statistics towards the batch's mean and unbiased variance;
 * evaluation uses the running statistics. A frozen BatchNorm uses the running statistics and does not update them.
 * Parameters: `weight`, `bias`; buffers: `running_mean`, `running_var`, `num_batches_tracked`.
 */
abstract class BatchNorm extends Normalization {
  abstract override readonly type: "BatchNorm1d" | "BatchNorm2d";
  protected abstract readonly ranks: readonly number[];
  readonly channels: number;
  readonly options: Required<BatchNormOptions>;

  constructor(where: string, channels: number, options?: BatchNormOptions) {
    super();
    this.options = readOptions(where, options, batchNormSchema);
    this.channels = expectSize(where, "channels", channels);
  }

  protected args(): unknown[] {
    return [this.channels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { channels, options, ranks } = this;
    const { eps, momentum, affine } = options;
    const shape = b.shape(x);
    const fits = ranks.includes(shape.length) && shape[shape.length - 1] === channels;
    b.expect(fits, "input", `[n, ..., ${channels}] with ${ranks.join(" or ")} dimensions`, shape);
    const weights = affine
      ? [
          b.parameter("weight", [channels], { init: options.initialWeight }),
          b.parameter("bias", [channels], { init: 0 }),
        ]
      : [];
    const runningMean = b.buffer("running_mean", [channels], 0);
    const runningVar = b.buffer("running_var", [channels], 1);
    const batches = b.buffer("num_batches_tracked", [], 0);
    const frozen = options.frozen || b.isFrozen("weight") || b.isFrozen("running_mean");
    const training = b.training && !frozen;
    const attributes = { affine, residual: false, activation: null, training };
    if (!training) {
      const [rstd] = b.op(batchNormRstd, [runningVar], { eps });
      return b.op(batchNorm, [x, runningMean, rstd, ...weights], attributes)[0];
    }
    const rows = numel(shape) / channels;
    b.expect(rows > 1, "values per channel", "more than 1 when training", rows, {
      hint: "Use a larger batch, or freeze this layer",
    });
    const [mean, variance, rstd] = b.op(batchNormStats, [x], { eps });
    b.op(batchNormUpdate, [mean, variance, runningMean, runningVar, batches], { momentum, rows });
    return b.op(batchNorm, [x, mean, rstd, ...weights], attributes)[0];
  }
}

/**
 * BatchNorm over features: [n, features], or [n, length, features].
 *
 * @example
 * new Sequential(new Linear(8, 16, { bias: false }), new BatchNorm1d(16), new ReLU());
 */
export class BatchNorm1d extends BatchNorm {
  readonly type = "BatchNorm1d";
  protected readonly ranks = [2, 3];

  constructor(features: number, options?: BatchNormOptions) {
    super("BatchNorm1d", features, options);
  }
}

/**
 * BatchNorm over image channels: [n, height, width, channels].
 *
 * @example
 * new Sequential(new Conv2d(3, 16, { kernelSize: 3, bias: false }), new BatchNorm2d(16), new ReLU());
 */
export class BatchNorm2d extends BatchNorm {
  readonly type = "BatchNorm2d";
  protected readonly ranks = [4];

  constructor(channels: number, options?: BatchNormOptions) {
    super("BatchNorm2d", channels, options);
  }
}
