/**
 * Elementwise functions of one value and of two with broadcasting, and the reductions that undo it. Each holds its own
 * gradient, made of such ops too, so that bundles without them carry neither.
 */
import { BINARY, REDUCTIONS, UNARY } from "../abi/enums.js";
import { last, numel, type Shape, sameShape } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { GradientContext, Node, Op } from "../graph/op.js";
import { FLOAT, type ValueId } from "../graph/value.js";
import { columnSum } from "./column-sum.js";
import { reshapeCopy } from "./shape.js";
import { broadcastStrides, inFour, strides } from "./strided.js";

export type UnaryKind = keyof typeof UNARY;
export type BinaryKind = keyof typeof BINARY;
export type ReductionKind = keyof typeof REDUCTIONS;

/** `p` and `q` are the numbers that the function has (`UNARY`), otherwise 0. */
export interface Unary {
  kind: UnaryKind;
  p: number;
  q: number;
}

const encodeUnary = (node: Node<Unary>, c: Context): void =>
  c.emit("f32_unary", node, "x dy", "y", { code: UNARY[node.attributes.kind] });

/** y = f(x) */
export const unary: Op<Unary> = {
  name: "unary",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  encode: encodeUnary,
  gradient(context) {
    const { node, dy, emit } = context;
    const { kind, p, q } = node.attributes;
    const [x] = node.inputs;
    /** dy f(x), and other functions. */
    const times = (factor: UnaryKind, a = 0, b = 0, of = x) => emit(unaryDx, [of, dy], { kind: factor, p: a, q: b })[0];
    const apply = (f: UnaryKind, of: ValueId, a = 0, b = 0) => emit(unary, [of], { kind: f, p: a, q: b })[0];
    /** dy factor (a x^2 + b)^exponent */
    const root = (a: number, b: number, exponent: number, factor = 1) =>
      times("power", factor, exponent, apply("affine", apply("power", x, a, 2), 1, b));
    switch (kind) {
      case "affine":
        return [apply("affine", dy, p)];
      case "power":
        return [q === 2 ? times("affine", 2 * p, 0) : times("power", p * q, q - 1)];
      case "root":
        return [times("inverseRoot", 0.5)];
      case "abs":
        return [times("sign")];
      case "exp":
        return [times("exp")];
      case "log":
        return [times("power", 1, -1)];
      case "erf":
        // 2 / sqrt(pi) e^(-x^2)
        return [apply("affine", times("exp", 0, 0, apply("power", x, -1, 2)), 2 / Math.sqrt(Math.PI))];
      case "clamp":
        return [times("inside", p, q)];
      case "sin":
        return [times("cos")];
      case "cos":
        return [apply("affine", times("sin"), -1)];
      case "tan":
        return [times("power", 1, -2, apply("cos", x))];
      case "sinh":
        return [times("cosh")];
      case "cosh":
        return [times("sinh")];
      case "asin":
        return [root(-1, 1, -0.5)];
      case "acos":
        return [root(-1, 1, -0.5, -1)];
      case "atan":
        return [root(1, 1, -1)];
      case "asinh":
        return [root(1, 1, -0.5)];
      case "acosh":
        return [root(1, -1, -0.5)];
      case "atanh":
        return [root(-1, 1, -1)];
      default:
        return [null]; // steps, constant but where they jump
    }
  },
};

/** dy f(x). Inputs: x, dy. */
const unaryDx: Op<Unary> = { name: "unaryDx", shapes: ([x]) => [x], inPlace: () => [0, 1], encode: encodeUnary };

/** How operands are read: shapes that broadcast against each other (NumPy's rule), and the result's, which may be another. */
export interface BinaryMap {
  kind: BinaryKind;
  views: readonly [Shape, Shape];
  shape: Shape;
}

/** The shape that two come to. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, i: number) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
}

/** Records of `f32_binary` over a shape that the views broadcast to, from addresses; without `dy` it is 0. */
function record(
  c: Context,
  { kind, views, whole }: { kind: BinaryKind; views: readonly Shape[]; whole: Shape },
  { a, b, dy, y }: Record<"a" | "b" | "dy" | "y", number>,
): void {
  const steps = [...views.map((view) => broadcastStrides(view, whole)), strides(whole)];
  const dimensions = whole.map((size, i) => ({ size, at: steps.map((step) => step[i]) }));
  inFour(dimensions, [0, 0, 0], (four, starts) => {
    const [atA, atB, atY] = starts.map((start) => start * FLOAT);
    const [n0, n1, n2, n3] = four.map(({ size }) => size);
    const [a0, a1, a2, a3] = four.map(({ at }) => at[0]);
    const [b0, b1, b2, b3] = four.map(({ at }) => at[1]);
    const operands = { a: a + atA, b: b + atB, dy: dy && dy + atY, y: y + atY };
    const loops = { n0, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3 };
    c.record("f32_binary", { ...operands, code: BINARY[kind], ...loops });
  });
}

function encodeBinary(node: Node<BinaryMap>, c: Context): void {
  const { kind, views } = node.attributes;
  const [a, b, dy = 0] = node.inputs.map((_, i) => c.input(node, i));
  record(c, { kind, views, whole: broadcastShape(...views) }, { a, b, dy, y: c.output(node) });
}

/** y = f(a, b) */
export const binary: Op<BinaryMap> = {
  name: "binary",
  shapes: (_, { shape }) => [shape],
  inPlace: ({ views }) => wholeOf(views),
  encode: encodeBinary,
  gradient(context) {
    const { node, dy, needs, shape, emit } = context;
    const { kind, views, shape: out } = node.attributes;
    const [a, b] = node.inputs;
    const whole = broadcastShape(...views);
    /** A gradient of the result, summed over what was broadcast of an operand. */
    const to = (i: number, gradient: ValueId) =>
      sumTo(context, gradient, { from: whole, to: views[i], shape: shape(node.inputs[i]) });
    const both = (da: () => ValueId, db: () => ValueId) => [
      needs[0] ? to(0, da()) : null,
      needs[1] ? to(1, db()) : null,
    ];
    const apply = (f: BinaryKind, x: ValueId, i: number) =>
      emit(binary, [x, node.inputs[i]], { kind: f, views: [whole, views[i]], shape: out })[0];
    const partial = (f: BinaryKind) => emit(binaryDx, [a, b, dy], { kind: f, views, shape: out })[0];
    const swapped = (f: BinaryKind) =>
      emit(binaryDx, [b, a, dy], { kind: f, views: [views[1], views[0]], shape: out })[0];
    const negative = (x: ValueId) => emit(unary, [x], { kind: "affine", p: -1, q: 0 })[0];
    /** dy times the other operand: with the sum in one pass, where that takes one. */
    const product = (i: number) => {
      const groups = groupsOf(whole, views[i]);
      if (groups.length !== 1 || numel(views[1 - i]) !== numel(whole)) return to(i, apply("mul", dy, 1 - i));
      const attributes = { kind: "dot", ...groups[0], shape: shape(node.inputs[i]) } as const;
      return emit(reduce, [dy, node.inputs[1 - i]], attributes)[0];
    };
    switch (kind) {
      case "add":
        return both(
          () => dy,
          () => dy,
        );
      case "sub":
        return both(
          () => dy,
          () => negative(dy),
        );
      case "mul":
        return [needs[0] ? product(0) : null, needs[1] ? product(1) : null];
      case "div":
        return both(
          () => apply("div", dy, 1),
          () => partial("divDb"),
        );
      case "max":
        return both(
          () => partial("maxDa"),
          () => swapped("maxDa"),
        );
      case "min":
        return both(
          () => swapped("maxDa"),
          () => partial("maxDa"),
        );
      case "pow":
        return both(
          () => partial("powDa"),
          () => partial("powDb"),
        );
      case "prelu":
        return both(
          () => partial("preluDa"),
          () => partial("preluDb"),
        );
      case "fmod":
        // a - b trunc(a / b)
        return both(
          () => dy,
          () =>
            apply(
              "div",
              emit(binary, [dy, apply("sub", node.outputs[0], 0)], {
                kind: "mul",
                views: [whole, whole],
                shape: out,
              })[0],
              1,
            ),
        );
      default:
        return [null, null]; // comparisons, constant but where they jump
    }
  },
};

/** dy f(a, b). Inputs: a, b, dy, which has the result's shape. */
const binaryDx: Op<BinaryMap> = {
  name: "binaryDx",
  shapes: (_, { shape }) => [shape],
  inPlace: ({ views }) => [2, ...wholeOf(views)],
  encode: encodeBinary,
};

/** The operands that are as large as the result. */
const wholeOf = (views: readonly [Shape, Shape]): number[] => {
  const whole = numel(broadcastShape(...views));
  return views.flatMap((view, i) => (numel(view) === whole ? [i] : []));
};

export interface Reduce {
  kind: ReductionKind;
  /** x is read as [outer, n, inner], of which n goes. */
  outer: number;
  n: number;
  inner: number;
  /** Of the result, [outer, inner]. */
  shape: Shape;
}

/** A sum, an extreme or its place, along axes that lie together. Inputs: x, and for `dot` what it is multiplied by. */
export const reduce: Op<Reduce> = {
  name: "reduce",
  shapes: (_, { shape }) => [shape],
  encode: (node, c) => c.emit("f32_reduce", node, "x b", "y", { code: REDUCTIONS[node.attributes.kind] }),
  gradient({ node, dy, needs, shape, emit }) {
    const { kind, outer, n, inner, shape: small } = node.attributes;
    const [x, y] = [node.inputs[0], node.outputs[0]];
    const [whole, view] = [
      [outer, n, inner],
      [outer, 1, inner],
    ];
    /** A map of a value like x and one like y. */
    const spread = (f: BinaryKind, large: ValueId, of: ValueId) =>
      emit(binary, [large, of], { kind: f, views: [whole, view], shape: shape(x) })[0];
    switch (kind) {
      case "sum":
        return [emit(expand, [dy], { view, whole, shape: shape(x) })[0]];
      case "sumAbs":
        return [spread("mul", emit(unary, [x], { kind: "sign", p: 0, q: 0 })[0], dy)];
      case "sumSquares":
        return [spread("mul", emit(unary, [x], { kind: "affine", p: 2, q: 0 })[0], dy)];
      case "dot":
        return [1, 0].map((other) => (needs[1 - other] ? spread("mul", node.inputs[other], dy) : null));
      case "max":
      case "min": {
        // Equal ones share, as in PyTorch's amax.
        const isBest = spread("equal", x, y);
        const [count] = emit(reduce, [isBest], { kind: "sum", outer, n, inner, shape: small });
        const [share] = emit(binary, [dy, count], { kind: "div", views: [small, small], shape: small });
        return [spread("mul", isBest, share)];
      }
      case "product": {
        // The product of the others: dy P / x with P the product of all numbers but 0, where no other one is 0.
        const isZero = (of: ValueId) => emit(unary, [of], { kind: "inside", p: 0, q: 0 })[0];
        const sums = { outer, n, inner, shape: small };
        const zeros = isZero(x);
        const others = isZero(spread("sub", zeros, emit(reduce, [zeros], { kind: "sum", ...sums })[0]));
        const all = { views: [whole, whole], shape: shape(x) } as const;
        const [filled] = emit(binary, [x, zeros], { kind: "add", ...all });
        const [product] = emit(reduce, [filled], { kind: "product", ...sums });
        const scaled = spread("mul", others, product);
        return [spread("mul", emit(binary, [scaled, filled], { kind: "div", ...all })[0], dy)];
      }
      default:
        return [null]; // places
    }
  },
};

/** x, read as `view`, over and over: y [...whole] by NumPy's broadcasting, under another shape. */
export const expand: Op<{ view: Shape; whole: Shape; shape: Shape }> = {
  name: "expand",
  shapes: (_, { shape }) => [shape],
  encode(node, c) {
    const { view, whole } = node.attributes;
    // The larger of x and x: a kernel of the same group as that of the gradient.
    record(
      c,
      { kind: "max", views: [view, view], whole },
      { a: c.input(node, 0), b: c.input(node, 0), dy: 0, y: c.output(node) },
    );
  },
  gradient(context) {
    const { node, dy, shape } = context;
    const { view, whole } = node.attributes;
    return [sumTo(context, dy, { from: whole, to: view, shape: shape(node.inputs[0]) })];
  },
};

/** Axes of `from` that `to` has of size 1, in runs that lie together; to be summed from the last run to the first. */
export function groupsOf(from: Shape, to: Shape): Pick<Reduce, "outer" | "n" | "inner">[] {
  const lead = from.length - to.length;
  const isKept = (i: number) => i >= lead && to[i - lead] !== 1;
  const groups: Pick<Reduce, "outer" | "n" | "inner">[] = [];
  let [outer, n] = [1, 1];
  const end = (i: number) => {
    if (n > 1) groups.push({ outer, n, inner: numel(from.filter((_, j) => j >= i && isKept(j))) });
  };
  from.forEach((size, i) => {
    if (!isKept(i)) n *= size;
    else if (size > 1) {
      end(i);
      outer *= n * size;
      n = 1;
    }
  });
  end(from.length);
  return groups;
}

interface Sum {
  /** How the value is read, and what its axes shrink to. */
  from: Shape;
  to: Shape;
  /** Of the result. */
  shape: Shape;
}

/** The sum of a value over all that `to` has once: what undoes broadcasting. */
function sumTo(
  { emit, shape: shapeOf }: Pick<GradientContext<object>, "emit" | "shape">,
  value: ValueId,
  { from, to, shape }: Sum,
): ValueId {
  const groups = groupsOf(from, to).reverse();
  const [first] = groups;
  if (!first) return sameShape(shapeOf(value), shape) ? value : emit(reshapeCopy, [value], { shape })[0];
  // Over all rows: the sums are cut for threads.
  if (first.outer === 1 && sameShape(shape, [last(shapeOf(value))]) && shape[0] === first.inner)
    return emit(columnSum, [value], {})[0];
  return groups.reduce((x, group, i) => {
    const isLast = i === groups.length - 1;
    return emit(reduce, [x], { kind: "sum", ...group, shape: isLast ? shape : [group.outer, group.inner] })[0];
  }, value);
}
