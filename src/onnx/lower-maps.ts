/** Elementwise functions and reductions of the library as nodes of ONNX; see `lower.ts`. */
import { isBatch } from "../core/any-batch.js";
import { numel, type Shape, sameShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { BinaryKind, BinaryMap, Reduce, Unary, UnaryKind } from "../ops/maps.js";
import type { Resample } from "../ops/resample.js";
import { identity, type Rule, type Writing } from "./writing.js";

const times = (w: Writing, x: string, factor: number): string =>
  factor === 1 ? x : w.node("Mul", [x, w.constant([factor], [])]);
const plus = (w: Writing, x: string, term: number): string =>
  term === 0 ? x : w.node("Add", [x, w.constant([term], [])]);
const asFloat = (w: Writing, x: string): string => w.node("Cast", [x], { to: 1 });

type Write = (w: Writing, x: string, p: number, q: number) => string;

/** 1 from p to q. */
const inside: Write = (w, x, p, q) => {
  const bounds = [w.node("GreaterOrEqual", [x, w.constant([p], [])]), w.node("LessOrEqual", [x, w.constant([q], [])])];
  return asFloat(w, w.node("And", bounds));
};

const node =
  (opType: string): Write =>
  (w, x) =>
    w.node(opType, [x]);

const unaryNodes = (): Partial<Record<UnaryKind, Write>> => ({
  affine: (w, x, p, q) => plus(w, times(w, x, p), q),
  power: (w, x, p, q) => times(w, q === 0.5 ? w.node("Sqrt", [x]) : w.node("Pow", [x, w.constant([q], [])]), p),
  clamp: (w, x, p, q) => {
    const bound = (value: number) => (Number.isFinite(value) ? w.constant([value], []) : "");
    return w.node("Clip", [x, bound(p), bound(q)]);
  },
  inside,
  above: (w, x, p) => asFloat(w, w.node("Greater", [x, w.constant([p], [])])),
  root: node("Sqrt"),
  ...Object.fromEntries(
    ["Abs", "Sign", "Floor", "Ceil", "Round", "Exp", "Log", "Erf", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan"]
      .concat("Sinh", "Cosh", "Asinh", "Acosh", "Atanh")
      .map((opType) => [opType.toLowerCase(), node(opType)]),
  ),
});

const unary: Rule<Unary> = (w, { inputs: [x], attributes: { kind, p, q } }) => {
  const { name, order } = w.at(x);
  const made = unaryNodes()[kind]?.(w, name, p, q) ?? name;
  // A function that does nothing is a node all the same: two values have two names.
  return { name: made === name ? w.node("Identity", [name]) : made, order };
};

const BINARY_NODES: Partial<Record<BinaryKind, (w: Writing, a: string, b: string) => string>> = {
  add: (w, a, b) => w.node("Add", [a, b]),
  sub: (w, a, b) => w.node("Sub", [a, b]),
  mul: (w, a, b) => w.node("Mul", [a, b]),
  div: (w, a, b) => w.node("Div", [a, b]),
  max: (w, a, b) => w.node("Max", [a, b]),
  min: (w, a, b) => w.node("Min", [a, b]),
  pow: (w, a, b) => w.node("Pow", [a, b]),
  prelu: (w, a, b) => {
    const zero = w.constant([0], []);
    return w.node("Add", [w.node("Max", [a, zero]), w.node("Mul", [w.node("Min", [a, zero]), b])]);
  },
  fmod: (w, a, b) => w.node("Mod", [a, b], { fmod: 1 }),
  equal: (w, a, b) => asFloat(w, w.node("Equal", [a, b])),
  less: (w, a, b) => asFloat(w, w.node("Less", [a, b])),
  lessOrEqual: (w, a, b) => asFloat(w, w.node("LessOrEqual", [a, b])),
};

const long = (order: readonly number[], view: Shape): number[] => order.filter((axis) => view[axis] !== 1);

/** Sizes for a Reshape, -1 for the batch. */
const sizes = (shape: Shape): number[] => shape.map((size) => (isBatch(size) ? -1 : size));

/** An operand, read as `view`, with its axes in an order. */
function operand(w: Writing, id: ValueId, view: Shape, order: readonly number[]): string {
  const permuted = order.map((axis) => view[axis]);
  const isInOrder = String(long(order, view)) === String(long(identity(view.length), view));
  if (isInOrder && w.isWeight(id) && w.isInMemoryOrder(id, w.orderOf(id))) return w.weight(id, permuted);
  if (sameShape(w.shape(id), view)) return w.as(id, order);
  if (isInOrder) return w.node("Reshape", [w.flat(id), w.integers(...sizes(permuted))]);
  return w.node("Transpose", [w.node("Reshape", [w.flat(id), w.integers(...sizes(view))])], { perm: order });
}

const binary: Rule<BinaryMap> = (w, { inputs, attributes: { kind, views, shape } }) => {
  const isWhole = (id: ValueId, view: Shape) => sameShape(w.shape(id), view) && view.length === shape.length;
  const i = inputs.findIndex((id, k) => !w.isWeight(id) && isWhole(id, views[k]));
  const order = i < 0 ? identity(shape.length) : w.at(inputs[i]).order;
  const [a, b] = inputs.map((id, k) => operand(w, id, padded(views[k], shape.length), order));
  // Nothing of PRelu's x is broadcast.
  const isPRelu = kind === "prelu" && sameShape(views[0], shape);
  const name = isPRelu ? w.node("PRelu", [a, b]) : BINARY_NODES[kind]?.(w, a, b);
  return name === undefined ? undefined : { name, order };
};

const padded = (view: Shape, rank: number): Shape => [...new Array<number>(rank - view.length).fill(1), ...view];

const reduceNodes = (): Record<string, [opType: string, of?: Write]> => ({
  sum: ["ReduceSum"],
  sumAbs: ["ReduceSum", node("Abs")],
  sumSquares: ["ReduceSum", (w, x) => w.node("Mul", [x, x])],
  max: ["ReduceMax"],
  min: ["ReduceMin"],
  product: ["ReduceProd"],
  argMax: ["ArgMax"],
  argMin: ["ArgMin"],
  argMaxLast: ["ArgMax"],
  argMinLast: ["ArgMin"],
});

/** The axes of a shape that are its [outer, n, inner]'s n. */
function axesOf(shape: Shape, { outer, n }: Reduce): number[] | undefined {
  for (let from = 0; from < shape.length; from++) {
    if (numel(shape.slice(0, from)) !== outer) continue;
    for (let to = from + 1; to <= shape.length; to++)
      if (numel(shape.slice(from, to)) === n && (to === shape.length || shape[to] !== 1))
        return identity(to).slice(from);
  }
  return undefined;
}

/** The axes that a reduction takes, by a node of the file's opset: ReduceMax and others have them as an input since 18. */
const reduce: Rule<Reduce> = (w, { inputs: [x], attributes }) => {
  const { kind, outer, n, inner, shape } = attributes;
  const [opType, of] = reduceNodes()[kind];
  const write = (source: string, places: number[], keepDims: boolean): string => {
    const from = of?.(w, source, 0, 0) ?? source;
    const keepdims = Number(keepDims);
    if (opType.startsWith("Arg")) {
      const last = Number(kind.endsWith("Last"));
      return asFloat(w, w.node(opType, [from], { axis: places[0], keepdims, select_last_index: last }));
    }
    if (opType === "ReduceSum" || w.opset >= 18) return w.node(opType, [from, w.integers(...places)], { keepdims });
    return w.node(opType, [from], { axes: places, keepdims });
  };
  const from = w.shape(x);
  const axes = axesOf(from, attributes);
  const { name, order } = w.at(x);
  const kept = from.map((size, i) => (axes?.includes(i) ? 1 : size));
  const left = identity(from.length).filter((i) => !axes?.includes(i));
  if (axes && (axes.length === 1 || !opType.startsWith("Arg"))) {
    const places = axes.map((axis) => order.indexOf(axis));
    if (sameShape(kept, shape)) return { name: write(name, places, true), order };
    const isDropped = sameShape(
      left.map((i) => from[i]),
      shape,
    );
    if (isDropped)
      return {
        name: write(name, places, false),
        order: order.flatMap((i) => (left.includes(i) ? [left.indexOf(i)] : [])),
      };
  }
  const grouped = w.node("Reshape", [w.flat(x), w.integers(...sizes([outer, n, inner]))]);
  const made = w.node("Reshape", [write(grouped, [1], false), w.integers(...sizes(shape))]);
  return { name: made, order: identity(shape.length) };
};

const expand: Rule<{ view: Shape; whole: Shape; shape: Shape }> = (w, { inputs: [x], attributes }) => {
  const { view, whole, shape } = attributes;
  const order = identity(whole.length);
  const from = operand(w, x, padded(view, whole.length), order);
  // 1 keeps the input's size, the batch among them.
  const target = whole.map((size) => (isBatch(size) ? 1 : size));
  const made = w.node("Expand", [from, w.integers(...target)]);
  if (sameShape(whole, shape)) return { name: made, order };
  return { name: w.node("Reshape", [made, w.integers(...sizes(shape))]), order: identity(shape.length) };
};

/** What an op makes of a weight under another shape; where the op reads the weight itself, nothing is written. */
const reshapeCopy: Rule<{ shape: Shape }> = (w, { inputs: [x], attributes: { shape } }) => {
  const reshaped = w.node("Reshape", [w.flat(x), w.integers(...shape)]);
  return { name: reshaped, order: identity(shape.length) };
};

/** Numbers that are gathered, or a product with the matrix of the axis, which lies last then. */
const resample: Rule<Resample> = (w, { inputs: [x], attributes: { outer, size, rows, shape } }) => {
  const from = w.shape(x);
  const axis = from.findIndex(
    (each, i) => each === size && numel(from.slice(0, i)) === outer && shape[i] === rows.length,
  );
  const isGathered = rows.every((taps) => taps.length === 1 && taps[0][1] === 1);
  if (isGathered) {
    const { name, order } = w.at(x);
    const indices = w.integers(...rows.map(([[index]]) => index));
    return { name: w.node("Gather", [name, indices], { axis: order.indexOf(axis) }), order };
  }
  const order = [...identity(from.length).filter((i) => i !== axis), axis];
  const matrix = new Array<number>(size * rows.length).fill(0);
  rows.forEach((taps, row) => {
    for (const [index, weight] of taps) matrix[index * rows.length + row] += weight;
  });
  return { name: w.node("MatMul", [w.as(x, order), w.constant(matrix, [size, rows.length])]), order };
};

const rule = <A extends object>(of: Rule<A>) => of as Rule;

export const mapRules = (): Record<string, Rule> => ({
  unary: rule(unary),
  binary: rule(binary),
  reduce: rule(reduce),
  expand: rule(expand),
  reshapeCopy: rule(reshapeCopy),
  resample: rule(resample),
});
