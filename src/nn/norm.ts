/** Normalisation within each sample. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, number, readOptions, type Schema } from "../core/options.js";
import { last, numel } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { groupNorm, layerNorm } from "../ops/norm.js";
import { Normalization } from "./batch-norm.js";
import { expectSize } from "./layer.js";

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Learn `weight` and `bias`. Default true. */
  affine?: boolean;
}

const layerNormSchema = () =>
  ({ eps: number({ min: 0, default: 1e-5 }), affine: flag(true) }) satisfies Schema<LayerNormOptions>;

/**
 * Normalises each row of the last dimension to mean 0 and variance 1 (Ba et al. 2016), then scales and shifts.
 * Parameters: `weight` [features], `bias` [features].
 *
 * @example
 * new Sequential(new Linear(8, 16), new LayerNorm(16));
 */
export class LayerNorm extends Normalization {
  readonly type = "LayerNorm";
  readonly features: number;
  readonly options: Required<LayerNormOptions>;

  constructor(features: number, options?: LayerNormOptions) {
    super();
    this.options = readOptions("LayerNorm", options, layerNormSchema);
    this.features = expectSize("LayerNorm", "features", features);
  }

  protected args(): unknown[] {
    return [this.features, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { features, options } = this;
    const shape = b.shape(x);
    b.expect(shape[shape.length - 1] === features, "input", `[n, ..., ${features}]`, shape);
    const weights = options.affine
      ? [b.parameter("weight", [features], { init: 1 }), b.parameter("bias", [features], { init: 0 })]
      : [];
    return b.op(layerNorm, [x, ...weights], options)[0];
  }
}

export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Learn `weight` and `bias`. Default true. */
  affine?: boolean;
}

const groupNormSchema = () =>
  ({ eps: number({ min: 0, default: 1e-5 }), affine: flag(true) }) satisfies Schema<GroupNormOptions>;

/**
 * Normalises `groups` groups of neighbouring channels, each image's by itself over its channels and pixels, to mean 0 and
 * variance 1 (Wu & He 2018, arXiv:1803.08494), then scales and shifts each channel: a normalisation that does not depend
 * on the batch. Images [n, h, w, channels], or [n, ..., channels] with any number of dimensions between.
 * Parameters: `weight` [channels], `bias` [channels].
 *
 *     new Sequential(new Conv2d(3, 64, { kernelSize: 3, bias: false }), new GroupNorm(32, 64), new ReLU())
 *
 * @example
 * new Sequential(new Conv2d(3, 16, { kernelSize: 3 }), new GroupNorm(4, 16));
 */
export class GroupNorm extends Normalization {
  readonly type = "GroupNorm";
  readonly groups: number;
  readonly channels: number;
  readonly options: Required<GroupNormOptions>;

  constructor(groups: number, channels: number, options?: GroupNormOptions) {
    super();
    this.options = readOptions("GroupNorm", options, groupNormSchema);
    this.groups = expectSize("GroupNorm", "groups", groups);
    this.channels = expectSize("GroupNorm", "channels", channels);
    if (channels % groups !== 0)
      throw new ArgumentError(expectation("GroupNorm", "channels", `a multiple of ${groups}, the groups`, channels));
  }

  protected args(): unknown[] {
    return [this.groups, this.channels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { groups, channels, options } = this;
    const shape = b.shape(x);
    b.expect(shape.length > 1 && shape[shape.length - 1] === channels, "input", `[n, ..., ${channels}]`, shape);
    return recordGroups(b, x, groups, options);
  }
}

function recordGroups(b: Builder, x: ValueId, groups: number, options: Required<GroupNormOptions>): ValueId {
  const channels = last(b.shape(x));
  const weights = options.affine
    ? [b.parameter("weight", [channels], { init: 1 }), b.parameter("bias", [channels], { init: 0 })]
    : [];
  return b.op(groupNorm, [x, ...weights], { groups, ...options })[0];
}

export interface InstanceNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Learn `weight` and `bias`. Default false, as in PyTorch. */
  affine?: boolean;
}

const instanceNormSchema = () =>
  ({ eps: number({ min: 0, default: 1e-5 }), affine: flag(false) }) satisfies Schema<InstanceNormOptions>;

abstract class InstanceNorm extends Normalization {
  abstract override readonly type: "InstanceNorm1d" | "InstanceNorm2d";
  /** What it takes, and how many dimensions that has. */
  protected abstract readonly input: readonly [string, number];
  readonly channels: number;
  readonly options: Required<InstanceNormOptions>;

  constructor(where: string, channels: number, options?: InstanceNormOptions) {
    super();
    this.options = readOptions(where, options, instanceNormSchema);
    this.channels = expectSize(where, "channels", channels);
  }

  protected args(): unknown[] {
    return [this.channels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { channels, options } = this;
    const [axes, rank] = this.input;
    const shape = b.shape(x);
    b.expect(shape.length === rank && last(shape) === channels, "input", `[n, ${axes}, ${channels}]`, shape);
    b.expect(numel(shape.slice(1, -1)) > 1, "input", "images of more than 1 pixel", shape);
    return recordGroups(b, x, channels, options);
  }
}

/**
 * Normalises each channel of each image [n, h, w, channels] by itself over its pixels (Ulyanov et al. 2016,
 * arXiv:1607.08022): a GroupNorm with a group for each channel. Keeps no running statistics.
 * Parameters, with `affine`: `weight` [channels], `bias` [channels].
 *
 * @example
 * new InstanceNorm2d(16); // [n, h, w, 16]
 */
export class InstanceNorm2d extends InstanceNorm {
  readonly type = "InstanceNorm2d";
  protected readonly input = ["h, w", 4] as const;

  constructor(channels: number, options?: InstanceNormOptions) {
    super("InstanceNorm2d", channels, options);
  }
}

/**
 * As InstanceNorm2d, of signals [n, length, channels].
 *
 * @example
 * new InstanceNorm1d(16); // [n, length, 16]
 */
export class InstanceNorm1d extends InstanceNorm {
  readonly type = "InstanceNorm1d";
  protected readonly input = ["length", 3] as const;

  constructor(channels: number, options?: InstanceNormOptions) {
    super("InstanceNorm1d", channels, options);
  }
}
