/** What moves numbers without computing: verbs for own layers, and the layers that PyTorch has of them. */
import { ArgumentError, expectation } from "../core/errors.js";
import { integer, list, number, type Option, optional, readOptions, type Schema } from "../core/options.js";
import { last, rows, type Shape, sameShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import { type Builder, expectBuilder } from "../ops/builder.js";
import { concat as concatOp, embed, slice as sliceOp, transpose as transposeOp } from "../ops/movement.js";
import { expectSize, Layer } from "./layer.js";

/** An axis that is not the batch, from 0. */
function expectAxis(b: Builder, axis: number, { length }: Shape): number {
  integer({ min: -length, max: length })("network", "axis", axis);
  const from0 = axis < 0 ? axis + length : axis;
  const isAxis = Number.isInteger(axis) && from0 > 0 && from0 < length;
  b.expect(isAxis, "axis", `one of ${length}, and not the batch`, axis, { error: ArgumentError });
  return from0;
}

const zeros = ({ length }: Shape): number[] => new Array(length).fill(0);
const ones = ({ length }: Shape): number[] => new Array(length).fill(1);

/**
 * Values one after the other along an axis, the channels (-1) unless another is given; all other sizes are the same:
 * [n, h, w, a] and [n, h, w, b] → [n, h, w, a + b]. For own layers.
 *
 * @example
 * concat(b, [x, x]); // own layers: [n, h, w, c] → [n, h, w, 2 c]
 */
export function concat(b: Builder, values: readonly ValueId[], axis = -1): ValueId {
  expectBuilder("concat", b);
  b.expect(Array.isArray(values) && values.length > 0, "values", "at least one", values, { error: ArgumentError });
  const [first, ...rest] = Array.from(values, (x) => b.shape(x));
  const at = expectAxis(b, axis, first);
  const others = (shape: Shape) => shape.filter((_, i) => i !== at);
  for (const shape of rest)
    b.expect(sameShape(others(shape), others(first)), "values", `the sizes of ${JSON.stringify(first)}`, shape);
  return values.length === 1 ? values[0] : b.op(concatOp, [...values], { axis: at })[0];
}

export interface SliceOptions {
  /** Default -1, the channels; the batch is not sliced. */
  axis?: number;
  /** The first index. Default 0. */
  start?: number;
  /** The index after the last. Default: the size of the axis. */
  end?: number;
  /** Every so many. Default 1. */
  step?: number;
}

const sliceSchema = () =>
  ({
    axis: integer({ min: -8, default: -1 }),
    start: integer({ default: 0 }),
    end: optional(integer()),
    step: integer({ min: 1, default: 1 }),
  }) satisfies Schema<SliceOptions>;

/**
 * The elements of x with an index of [start, end) along an axis, or every `step`-th of them. For own layers.
 *
 * @example
 * slice(b, x, { axis: -1, start: 0, end: 2 }); // own layers: the first two channels
 */
export function slice(b: Builder, x: ValueId, options: SliceOptions): ValueId {
  expectBuilder("slice", b);
  const { axis, start, end: given, step } = readOptions("slice", options, sliceSchema);
  const shape = b.shape(x);
  const at = expectAxis(b, axis, shape);
  const end = given ?? shape[at];
  b.expect(start < end && end <= shape[at], "start and end", `some of ${shape[at]}`, [start, end]);
  if (start === 0 && end === shape[at] && step === 1) return x;
  const starts = zeros(shape).map((zero, i) => (i === at ? start : zero));
  const steps = ones(shape).map((one, i) => (i === at ? step : one));
  const sizes = shape.map((size, i) => (i === at ? Math.ceil((end - start) / step) : size));
  return b.op(sliceOp, [x], { starts, steps, sizes })[0];
}

/**
 * x with so many times `value` (default 0) before and after it: `padding` has [before, after] for dimensions from the last
 * on, `[[0, 0], [left, right], [top, bottom]]` for the pixels of an image. For own layers.
 *
 * @example
 * pad(b, x, [[1, 1], [1, 1], [0, 0]]); // own layers: [n, h, w, c] → [n, h + 2, w + 2, c]
 */
export function pad(b: Builder, x: ValueId, padding: readonly (readonly [number, number])[], value = 0): ValueId {
  expectBuilder("pad", b);
  const shape = b.shape(x);
  const isPadding =
    Array.isArray(padding) &&
    padding.length < shape.length &&
    Array.from(padding).every(
      (pair) =>
        Array.isArray(pair) && pair.length === 2 && [...pair].every((size) => Number.isInteger(size) && size >= 0),
    );
  b.expect(isPadding, "padding", "pairs of 0 or more, for dimensions after the batch", padding, {
    error: ArgumentError,
  });
  const all = [...padding, ...new Array(shape.length - padding.length).fill([0, 0])].reverse();
  if (all.every(([before, after]) => before + after === 0)) return x;
  const sizes = shape.map((size, i) => all[i][0] + size + all[i][1]);
  return b.op(embed, [x], { starts: all.map(([before]) => before), steps: ones(shape), sizes, value })[0];
}

/**
 * Dimension i of the result is dimension `order[i]` of x; the batch stays first. For own layers.
 *
 * @example
 * transpose(b, x, [0, 2, 1, 3]); // own layers: [n, h, w, c] → [n, w, h, c]
 */
export function transpose(b: Builder, x: ValueId, order: readonly number[]): ValueId {
  expectBuilder("transpose", b);
  const { length } = b.shape(x);
  const isOrder =
    Array.isArray(order) &&
    order[0] === 0 &&
    sameShape(
      [...order].sort((p, q) => p - q),
      [...Array(length).keys()],
    );
  b.expect(isOrder, "order", `each of ${length} dimensions, the batch first`, order, { error: ArgumentError });
  return b.op(transposeOp, [x], { order })[0];
}

/**
 * Mixes channels of grouped convolutions (Zhang et al. 2017, arXiv:1707.01083): of [groups, channels / groups] it makes
 * [channels / groups, groups]. [n, ..., channels] → the same.
 *
 * @example
 * new Sequential(new Conv2d(8, 8, { kernelSize: 1, groups: 2 }), new ChannelShuffle(2));
 */
export class ChannelShuffle extends Layer {
  readonly type = "ChannelShuffle";
  readonly groups: number;

  constructor(groups: number) {
    super();
    this.groups = expectSize("ChannelShuffle", "groups", groups);
  }

  protected args(): unknown[] {
    return [this.groups];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { groups } = this;
    const shape = b.shape(x);
    b.expect(last(shape) % groups === 0, "channels", `a multiple of ${groups}, the groups`, last(shape));
    const grouped = b.reshape(x, [rows(shape), groups, last(shape) / groups]);
    return b.reshape(b.op(transposeOp, [grouped], { order: [0, 2, 1] })[0], shape);
  }
}

/** Pixels of padding: on all sides, or [left, right, top, bottom]. */
export type Padding = number | readonly [left: number, right: number, top: number, bottom: number];

export const sides: Option<[number, number, number, number], Padding> = (where, name, value) => {
  const each = Array.isArray(value)
    ? list(integer())(where, name, value)
    : [0, 0, 0, 0].fill(integer()(where, name, value));
  if (each.length !== 4) throw new ArgumentError(expectation(where, name, "[left, right, top, bottom]", value));
  return each as [number, number, number, number];
};

abstract class Padding2d extends Layer {
  readonly padding: readonly [number, number, number, number];
  abstract readonly value: number;

  constructor(where: string, padding: Padding) {
    super();
    this.padding = sides(where, "padding", padding);
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [left, right, top, bottom] = this.padding;
    b.expect(b.shape(x).length === 4, "input", "[n, h, w, channels]", b.shape(x));
    const padding = [
      [0, 0],
      [left, right],
      [top, bottom],
    ] as const;
    return pad(b, x, padding, this.value);
  }
}

/**
 * Zeros around images, as many on each side as wanted: [n, h, w, c] → [n, top + h + bottom, left + w + right, c].
 *
 * @example
 * new Sequential(new ZeroPad2d(1), new Conv2d(3, 8, { kernelSize: 3 }));
 */
export class ZeroPad2d extends Padding2d {
  readonly type = "ZeroPad2d";
  readonly value = 0;

  constructor(padding: Padding) {
    super("ZeroPad2d", padding);
  }

  protected args(): unknown[] {
    return [this.padding];
  }
}

/**
 * A number around images, as often on each side as wanted: [n, h, w, c] → [n, top + h + bottom, left + w + right, c].
 *
 * @example
 * new ConstantPad2d([1, 1, 0, 0], 0.5); // left, right, top, bottom
 */
export class ConstantPad2d extends Padding2d {
  readonly type = "ConstantPad2d";
  readonly value: number;

  constructor(padding: Padding, value: number) {
    super("ConstantPad2d", padding);
    this.value = number()("ConstantPad2d", "value", value);
  }

  protected args(): unknown[] {
    return [this.padding, this.value];
  }
}
