/** Elementwise functions with broadcasting and reductions, as verbs for own layers, and layers made of them. */
import { BINARY, UNARY } from "../abi/enums.js";
import { ArgumentError } from "../core/errors.js";
import { flag, integer, list, number, oneOf, optional, readOptions, type Schema } from "../core/options.js";
import { formatShape, last, numel, type Shape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import { type Builder, expectBuilder } from "../ops/builder.js";
import {
  type BinaryKind,
  binary as binaryOp,
  broadcastShape,
  groupsOf,
  type ReductionKind,
  reduce as reduceOp,
  type UnaryKind,
  unary as unaryOp,
} from "../ops/maps.js";
import { expectSize, Layer } from "./layer.js";

/** The functions of one value. */
export type UnaryFunction = UnaryKind;

/**
 * A function of each number: `affine` is p x + q, `power` p x^q, `clamp` x between p and q, `inside` 1 from p to q and 0 elsewhere,
 * `above` 1 beyond p and 0 elsewhere; of those with steps the gradient is 0. For own layers.
 *
 * @example
 * unary(b, "power", x, 1, 2); // x²
 */
export function unary(b: Builder, kind: UnaryFunction, x: ValueId, p = 0, q = 0): ValueId {
  expectBuilder("unary", b);
  const known = Object.keys(UNARY);
  b.expect(known.includes(kind), "function", known.join(", "), kind, { error: ArgumentError });
  b.expect(
    [p, q].every((n) => typeof n === "number" && !Number.isNaN(n)),
    "numbers",
    "numbers",
    [p, q],
    {
      error: ArgumentError,
    },
  );
  return b.op(unaryOp, [x], { kind, p, q })[0];
}

/** The functions of two values. `fmod` has the sign of x; `prelu` is x above 0 and x y elsewhere; comparisons give 1 or 0. */
export type BinaryFunction = Exclude<BinaryKind, `${string}D${"a" | "b"}`>;

/**
 * A function of two values, which are broadcast by NumPy's rule: [n, h, w, c] with [c], [n, 1, 1, c] or [1]. Where values are
 * equal, each has half of the gradient of `max` and `min`. For own layers.
 *
 * @example
 * binary(b, "mul", x, b.parameter("gamma", [channels], { init: 1 }));
 */
export function binary(b: Builder, kind: BinaryFunction, x: ValueId, y: ValueId): ValueId {
  expectBuilder("binary", b);
  const known = Object.keys(BINARY).filter((name) => !/D[ab]$/.test(name));
  b.expect(known.includes(kind), "function", known.join(", "), kind, { error: ArgumentError });
  const views = [b.shape(x), b.shape(y)] as const;
  const shape = broadcastShape(...views);
  const fits = (view: Shape) => view.every((size, i) => size === 1 || size === shape[shape.length - view.length + i]);
  b.expect(views.every(fits), "operands", "shapes that broadcast", views.map(formatShape).join(" and "));
  return b.op(binaryOp, [x, y], { kind, views, shape })[0];
}

export type ReductionFunction =
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "product"
  | "l1"
  | "l2"
  | "sumSquares"
  | "logSum"
  | "logSumExp"
  | "argMax"
  | "argMin";

/** Also places with the last of equal extremes, for files that ask for it. */
export type AnyReduction = ReductionFunction | "argMaxLast" | "argMinLast";

export interface ReduceOptions {
  /** Default: all but the batch. */
  axes?: readonly number[];
  /** Whether axes stay, of size 1. Default false. */
  keepDims?: boolean;
}

const reduceSchema = () =>
  ({
    axes: optional(list(integer({ min: -8 }))),
    keepDims: flag(false),
  }) satisfies Schema<ReduceOptions>;

/** What a sum along some axes is of, and how sums of sums go on. */
const STEPS: Record<Exclude<AnyReduction, "mean" | "l2" | "logSum" | "logSumExp">, [ReductionKind, ReductionKind]> = {
  sum: ["sum", "sum"],
  l1: ["sumAbs", "sum"],
  sumSquares: ["sumSquares", "sum"],
  max: ["max", "max"],
  min: ["min", "min"],
  product: ["product", "product"],
  argMax: ["argMax", "argMax"],
  argMin: ["argMin", "argMin"],
  argMaxLast: ["argMaxLast", "argMaxLast"],
  argMinLast: ["argMinLast", "argMinLast"],
};

/**
 * Reduces axes, by default all but the batch, to one number each: `mean`, `max`, `l2` (the root of the sum of squares),
 * `logSumExp`, `argMax` (the first place along one axis, a number without gradient), …; equal extremes share the gradient.
 * For own layers.
 *
 * @example
 * reduce(b, "mean", x, { axes: [1, 2], keepDims: true }); // [n, h, w, c] → [n, 1, 1, c]
 */
export function reduce(b: Builder, kind: ReductionFunction, x: ValueId, options?: ReduceOptions): ValueId {
  expectBuilder("reduce", b);
  const { keepDims, axes: given } = readOptions("reduce", options, reduceSchema);
  const shape = b.shape(x);
  const axes = (given ?? shape.map((_, i) => i).slice(1)).map((axis) => (axis < 0 ? axis + shape.length : axis));
  const areAxes = axes.every((axis, i) => axis >= 0 && axis < shape.length && axes.indexOf(axis) === i);
  b.expect(areAxes, "axes", `each one of ${shape.length}, once`, given, { error: ArgumentError });
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const out = keepDims ? kept : kept.filter((_, i) => !axes.includes(i));
  return reduceTo(b, kind, x, kept, out);
}

/** Reduces the axes that are of size 1 in `kept`; the result has the shape `out`. */
export function reduceTo(b: Builder, kind: AnyReduction, x: ValueId, kept: Shape, out: Shape): ValueId {
  if (kind === "mean") return unary(b, "affine", reduceTo(b, "sum", x, kept, out), numel(kept) / numel(b.shape(x)));
  if (kind === "l2") return unary(b, "root", reduceTo(b, "sumSquares", x, kept, out));
  if (kind === "logSum") return unary(b, "log", reduceTo(b, "sum", x, kept, out));
  if (kind === "logSumExp") {
    // Without leaving the range of float32: m + log(sum(exp(x - m)))
    const most = reduceTo(b, "max", x, kept, kept);
    const rest = reduceTo(b, "sum", unary(b, "exp", binary(b, "sub", x, most)), kept, kept);
    return b.reshape(binary(b, "add", unary(b, "log", rest), most), out);
  }
  const known = Object.keys(STEPS).filter((name) => !name.endsWith("Last"));
  b.expect(Object.hasOwn(STEPS, kind), "reduction", [...known, "mean", "l2", "logSum", "logSumExp"].join(", "), kind, {
    error: ArgumentError,
  });
  const groups = groupsOf(b.shape(x), kept).reverse();
  if (groups.length === 0) groups.push({ outer: numel(kept), n: 1, inner: 1 });
  const isPlace = kind.startsWith("arg");
  b.expect(!isPlace || groups.length === 1, "axes", "one, or neighbours", kept, { error: ArgumentError });
  return groups.reduce((value, group, i) => {
    const shape = i === groups.length - 1 ? out : [group.outer, group.inner];
    return b.op(reduceOp, [value], { kind: STEPS[kind][i === 0 ? 0 : 1], ...group, shape })[0];
  }, x);
}

export interface LayerScaleOptions {
  /** What the weights start from. Default 1e-5. */
  initialValue?: number;
  /** Whose name and shape they have: timm's `gamma` [channels], or torchvision's `layer_scale` [channels, 1, 1]. Default `"timm"`. */
  names?: "timm" | "torchvision";
}

const layerScaleSchema = () =>
  ({
    initialValue: number({ default: 1e-5 }),
    names: oneOf(["timm", "torchvision"], "timm"),
  }) satisfies Schema<LayerScaleOptions>;

/**
 * Scales each channel by a weight of its own, small at the start, so that a residual block begins near the identity (Touvron et
 * al. 2021, arXiv:2103.17239). [n, ..., channels] → the same. Parameter: `gamma` [channels], or as `names` says.
 *
 * @example
 * new Residual(new Sequential(new Linear(8, 8), new LayerScale(8, { initialValue: 1e-6 })));
 */
export class LayerScale extends Layer {
  readonly type = "LayerScale";
  readonly channels: number;
  readonly options: Required<LayerScaleOptions>;

  constructor(channels: number, options?: LayerScaleOptions) {
    super();
    this.options = readOptions("LayerScale", options, layerScaleSchema);
    this.channels = expectSize("LayerScale", "channels", channels);
  }

  protected args(): unknown[] {
    return [this.channels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    b.expect(last(b.shape(x)) === this.channels, "input", `[n, ..., ${this.channels}]`, b.shape(x));
    const { initialValue: init, names } = this.options;
    const [name, sizes] = names === "timm" ? ["gamma", []] : ["layer_scale", [1, 1]];
    const weights = b.parameter(name, [this.channels, ...sizes], { init });
    const [shape, views] = [b.shape(x), [b.shape(x), [this.channels]] as const];
    return b.op(binaryOp, [x, weights], { kind: "mul", views, shape })[0];
  }
}

export interface PReLUOptions {
  /** What the slopes start from. Default 0.25. */
  init?: number;
}

/**
 * x above 0, a x elsewhere, with a learned slope a for all channels or, given their number, for each (He et al. 2015,
 * arXiv:1502.01852). [n, ..., channels] → the same. Parameter: `weight` [slopes].
 *
 * @example
 * new Sequential(new Linear(4, 8), new PReLU(8));
 */
export class PReLU extends Layer {
  readonly type = "PReLU";
  readonly slopes: number;
  readonly options: Required<PReLUOptions>;

  constructor(slopes = 1, options?: PReLUOptions) {
    super();
    const schema = () => ({ init: number({ default: 0.25 }) }) satisfies Schema<PReLUOptions>;
    this.options = readOptions("PReLU", options, schema);
    this.slopes = expectSize("PReLU", "slopes", slopes);
  }

  protected args(): unknown[] {
    return [this.slopes, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const [shape, { slopes }] = [b.shape(x), this];
    b.expect(slopes === 1 || last(shape) === slopes, "input", `[n, ..., ${slopes}]`, shape);
    return binary(b, "prelu", x, b.parameter("weight", [slopes], { init: this.options.init }));
  }
}
