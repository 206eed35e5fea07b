/** Canonical steps that are elementwise functions, with broadcasting, and reductions. */
import { imageOf } from "../../core/shape.js";
import type { ValueId } from "../../graph/value.js";
import { type BinaryKind, expand as expandOp, type UnaryKind } from "../../ops/maps.js";
import { maxPool2d } from "../../ops/pool.js";
import { type AnyReduction, binary, reduceTo, unary } from "../maps.js";
import { isOverPixels } from "./emit.js";
import { combine, combined, spread } from "./emit-shapes.js";
import { type Emitter, type Recording, unsupported } from "./recording.js";
import { numberOf, numbersOf, type Step } from "./step.js";

/** One function of each number, in whatever order the axes lie. */
const map =
  (f: (r: Recording, x: ValueId, step: Step) => ValueId): Emitter =>
  (step, r) => {
    const { id, order } = r.value(step.inputs[0]);
    return { id: f(r, id, step), order };
  };

const simple = (kind: UnaryKind, p = 0, q = 0): Emitter => map((r, x) => unary(r.b, kind, x, p, q));
const attribute = (step: Step, name: string): number => numberOf(step.attributes, name);

const swapped =
  (kind: BinaryKind): Emitter =>
  (step, r, shape) => {
    const [a, b] = step.inputs.map((name) => r.operand(name));
    return combine(r, kind, b, a, shape);
  };

/** A mean of operands. */
const mean: Emitter = (step, r) => {
  const sum = combined("add")(step, r);
  return { ...sum, id: unary(r.b, "affine", sum.id, 1 / step.inputs.length) };
};

const reductions: Record<string, AnyReduction> = {
  reduceSum: "sum",
  reduceMean: "mean",
  reduceMax: "max",
  reduceMin: "min",
  reduceProd: "product",
  reduceL1: "l1",
  reduceL2: "l2",
  reduceSumSquare: "sumSquares",
  reduceLogSum: "logSum",
  reduceLogSumExp: "logSumExp",
  argMax: "argMax",
  argMin: "argMin",
  argMaxLast: "argMaxLast",
  argMinLast: "argMinLast",
};

/** Axes go where they lie; those that stay keep their order. */
const reduce: Emitter = (step, r, shape) => {
  const { id, shape: from, order } = r.value(step.inputs[0]);
  const { keepDims } = step.attributes;
  const axes = numbersOf(step.attributes, "axes");
  if (axes.some((axis) => r.isBatch(axis))) unsupported("over the batch");
  const kept = order.map((axis) => (axes.includes(axis) ? 1 : from[axis]));
  const left = order.filter((axis) => !axes.includes(axis));
  const later = (axis: number) => axis - axes.filter((gone) => gone < axis).length;
  const to = keepDims ? order : left.map(later);
  return {
    id: reduceTo(
      r.b,
      reductions[step.op],
      id,
      kept,
      to.map((axis) => shape[axis]),
    ),
    order: to,
  };
};

/** One window over all pixels: of equal ones the first has the gradient, as in PyTorch's pools. */
const globalMax: Emitter = (step, r, shape) => {
  if (!isOverPixels(step, r.value(step.inputs[0])) || !step.attributes["keepDims"]) return reduce(step, r, shape);
  const x = r.pixels(step.inputs[0]);
  const [h, w] = imageOf(r.b.shape(x));
  const window = { kernel: [h, w], stride: [1, 1], padding: [0, 0], output: [1, 1] } as const;
  return { id: r.b.op(maxPool2d, [x], window)[0] };
};

/** Between any bounds. */
const clip: Emitter = (step, r, shape) => {
  const { min = -Infinity, max = Infinity } = step.attributes as { min?: number; max?: number };
  return simple("clamp", min, max)(step, r, shape);
};

/** clamp(alpha x + beta, 0, 1) */
const hardSigmoid: Emitter = /* @__PURE__ */ map((r, x, step) =>
  unary(r.b, "clamp", unary(r.b, "affine", x, attribute(step, "alpha"), attribute(step, "beta")), 0, 1),
);

const above0 = (r: Recording, x: ValueId) => unary(r.b, "clamp", x, 0, Infinity);
const below0 = (r: Recording, x: ValueId) => unary(r.b, "clamp", x, -Infinity, 0);

/** x above 0, f(x) below it. */
const bent = (r: Recording, x: ValueId, f: (below: ValueId) => ValueId) => r.b.add(above0(r, x), f(below0(r, x)));

/** Of a slope of 0 or less. */
const leakyRelu: Emitter = /* @__PURE__ */ map((r, x, step) =>
  bent(r, x, (below) => unary(r.b, "affine", below, attribute(step, "alpha"))),
);

/** alpha (e^(x / scale) - 1) below 0. */
const elu = (r: Recording, x: ValueId, alpha: number, scale = 1): ValueId => {
  if (alpha > 0 && scale === 1) return r.b.activation(x, "elu", alpha);
  const below = (y: ValueId) => r.b.activation(unary(r.b, "affine", y, 1 / scale), "elu", 1);
  return bent(r, x, (y) => unary(r.b, "affine", below(y), alpha));
};

/** x - bias above lambda, x + bias below -lambda, and 0 between. */
const shrink: Emitter = /* @__PURE__ */ map((r, x, step) => {
  const [lambda, bias] = [attribute(step, "lambda"), attribute(step, "bias")];
  const part = (y: ValueId) => binary(r.b, "mul", unary(r.b, "affine", y, 1, -bias), unary(r.b, "above", y, lambda));
  const negative = (y: ValueId) => unary(r.b, "affine", y, -1);
  return r.b.add(part(x), negative(part(negative(x))));
});

const not = (r: Recording, x: ValueId) => unary(r.b, "affine", x, -1, 1);
const differing: Emitter = (step, r) => {
  const equal = combined("equal")(step, r);
  return { ...equal, id: not(r, equal.id) };
};

/** 1 at infinities: of both signs, or of one. */
const isInfinite: Emitter = /* @__PURE__ */ map((r, x, step) => {
  const at = (bound: number) => unary(r.b, "inside", x, bound, bound);
  const { positive, negative } = step.attributes;
  if (positive && negative) return r.b.add(at(Infinity), at(-Infinity));
  return positive || negative ? at(positive ? Infinity : -Infinity) : unary(r.b, "inside", x, 1, 0);
});

const FUNCTIONS = ["abs", "sign", "floor", "ceil", "round", "exp", "log", "erf", "sin", "cos", "tan"] as const;
const INVERSE = ["asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"] as const;

export const mapEmitters = (): Record<string, Emitter> => ({
  ...Object.fromEntries([...FUNCTIONS, ...INVERSE].map((kind) => [kind, simple(kind)])),
  ...Object.fromEntries(Object.keys(reductions).map((op) => [op, reduce])),
  ...Object.fromEntries((["sub", "div", "max", "min", "pow", "fmod"] as const).map((op) => [op, combined(op)])),
  unary: map((r, x, step) => {
    const { kind, p, q } = step.attributes as { kind: UnaryKind; p?: number; q?: number };
    return kind === "clamp" ? unary(r.b, kind, x, p ?? -Infinity, q ?? Infinity) : unary(r.b, kind, x, p, q);
  }),
  leakyRelu,
  elu: map((r, x, step) => elu(r, x, attribute(step, "alpha"))),
  celu: map((r, x, step) => elu(r, x, attribute(step, "alpha"), attribute(step, "alpha"))),
  selu: map((r, x, step) => unary(r.b, "affine", elu(r, x, attribute(step, "alpha")), attribute(step, "gamma"))),
  softsign: map((r, x) => binary(r.b, "div", x, unary(r.b, "affine", unary(r.b, "abs", x), 1, 1))),
  thresholdedRelu: map((r, x, step) => binary(r.b, "mul", x, unary(r.b, "above", x, attribute(step, "alpha")))),
  shrink,
  clip,
  hardSigmoid,
  neg: simple("affine", -1),
  reciprocal: simple("power", 1, -1),
  sqrt: simple("power", 1, 0.5),
  isNaN: map((r, x) => not(r, binary(r.b, "equal", x, x))),
  isInf: isInfinite,
  add: combined("add"),
  mul: combined("mul"),
  mean,
  reduceMax: globalMax,
  equal: combined("equal"),
  less: combined("less"),
  lessOrEqual: combined("lessOrEqual"),
  greater: swapped("less"),
  greaterOrEqual: swapped("lessOrEqual"),
  and: combined("mul"),
  or: combined("max"),
  xor: differing,
  not: map(not),
  expand: (step, r, shape) => {
    const value = r.value(step.inputs[0]);
    const lead = shape.length - value.shape.length;
    const order = shape.map((_, i) => (i < lead ? i : value.order[i - lead] + lead));
    const { id, view } = spread(r.b, value, order);
    const whole = order.map((axis) => shape[axis]);
    return { id: r.b.op(expandOp, [id], { view, whole, shape: whole })[0], order };
  },
});
