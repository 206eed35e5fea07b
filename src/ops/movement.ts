/**
 * Ops that take numbers from one place to another: each is one copy, or a few, between strides. They hold their own
 * gradients, which are such ops too, so that bundles without them carry neither.
 */
import { numel, type Shape } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { Op } from "../graph/op.js";

/** One dimension of a copy: its size, and how far apart its elements are in x and in y. */
interface Dimension {
  size: number;
  x: number;
  y: number;
}

/** How far apart neighbours are along each dimension. */
const strides = (shape: Shape): number[] => shape.map((_, i) => numel(shape.slice(i + 1)));

/** The same copy in as few dimensions as it has. */
function collapse(dimensions: readonly Dimension[]): Dimension[] {
  const merged: Dimension[] = [];
  for (const inner of dimensions.filter(({ size }) => size > 1)) {
    const outer = merged.at(-1);
    const isOne = outer && outer.x === inner.x * inner.size && outer.y === inner.y * inner.size;
    if (isOne) merged[merged.length - 1] = { ...inner, size: outer.size * inner.size };
    else merged.push(inner);
  }
  return merged;
}

/** Records of `f32_copy`, which has four dimensions: one for each step of the dimensions before. */
function copy(c: Context, x: number, y: number, dimensions: readonly Dimension[]): void {
  const [first, ...rest] = collapse(dimensions);
  if (rest.length > 3) {
    for (let i = 0; i < first.size; i++) copy(c, x + 4 * i * first.x, y + 4 * i * first.y, rest);
    return;
  }
  const one = { size: 1, x: 1, y: 1 };
  const all = first ? [first, ...rest] : [];
  const [a, b, d, e] = [...new Array<Dimension>(4 - all.length).fill(one), ...all];
  c.record("f32_copy", {
    ...{ x, y, n0: a.size, n1: b.size, n2: d.size, n3: e.size },
    ...{ x0: a.x, x1: b.x, x2: d.x, x3: e.x, y0: a.y, y1: b.y, y2: d.y, y3: e.y },
  });
}

/** Where a part lies in a whole: its element i is element `starts + i * steps`; the sizes are the part's. */
export interface Place {
  starts: readonly number[];
  steps: readonly number[];
  sizes: Shape;
}

/** The dimensions of a part, with the whole as x or as y, and the address of its first element in the whole. */
function partOf({ starts, steps, sizes }: Place, whole: Shape) {
  const [inside, outside] = [strides(sizes), strides(whole)];
  const offset = 4 * starts.reduce((sum, start, i) => sum + start * outside[i], 0);
  const dimensions = sizes.map((size, i) => ({ size, whole: steps[i] * outside[i], part: inside[i] }));
  return { offset, dimensions };
}

/** y[i] = x[starts + i * steps], steps below 0 too. */
export const slice: Op<Place> = {
  name: "slice",
  shapes: (_, { sizes }) => [sizes],
  encode(node, c) {
    const { offset, dimensions } = partOf(node.attributes, c.shape(node, 0));
    const from = dimensions.map(({ size, whole, part }) => ({ size, x: whole, y: part }));
    copy(c, c.input(node, 0) + offset, c.output(node), from);
  },
  gradient({ node, dy, shape, emit }) {
    const { starts, steps } = node.attributes;
    return [emit(embed, [dy], { starts, steps, sizes: shape(node.inputs[0]), value: 0 })[0]];
  },
};

export interface Embed {
  starts: readonly number[];
  steps: readonly number[];
  /** Of the output. */
  sizes: Shape;
  /** What stands where nothing of x goes. */
  value: number;
}

/** y = value, y[starts + i * steps] = x[i]: padding, and a slice's gradient. */
export const embed: Op<Embed> = {
  name: "embed",
  shapes: (_, { sizes }) => [sizes],
  encode(node, c) {
    const { starts, steps, sizes, value } = node.attributes;
    const { offset, dimensions } = partOf({ starts, steps, sizes: c.shape(node, 0) }, sizes);
    const y = c.output(node);
    c.record("f32_fill", { y, n: numel(sizes), value });
    const to = dimensions.map(({ size, whole, part }) => ({ size, x: part, y: whole }));
    copy(c, c.input(node, 0), y + offset, to);
  },
  // The numbers around x are constant.
  gradient({ node, dy, shape, emit }) {
    const { starts, steps } = node.attributes;
    return [emit(slice, [dy], { starts, steps, sizes: shape(node.inputs[0]) })[0]];
  },
};

/** The inputs one after the other along an axis. */
export const concat: Op<{ axis: number }> = {
  name: "concat",
  shapes(inputs, { axis }) {
    const size = inputs.reduce((sum, shape) => sum + shape[axis], 0);
    return [inputs[0].map((other, i) => (i === axis ? size : other))];
  },
  encode(node, c) {
    const whole = c.outputShape(node);
    let start = 0;
    node.inputs.forEach((_, i) => {
      const sizes = c.shape(node, i);
      const place = { starts: startsAt(node.attributes.axis, start, whole), steps: whole.map(() => 1), sizes };
      const { offset, dimensions } = partOf(place, whole);
      const to = dimensions.map(({ size, whole: y, part: x }) => ({ size, x, y }));
      copy(c, c.input(node, i), c.output(node) + offset, to);
      start += sizes[node.attributes.axis];
    });
  },
  // Each input's gradient is its part of dy.
  gradient({ node, dy, needs, shape, emit }) {
    const { axis } = node.attributes;
    let start = 0;
    return node.inputs.map((input, i) => {
      const sizes = shape(input);
      const starts = startsAt(axis, start, sizes);
      start += sizes[axis];
      return needs[i] ? emit(slice, [dy], { starts, steps: sizes.map(() => 1), sizes })[0] : null;
    });
  },
};

const startsAt = (axis: number, start: number, { length }: Shape): number[] =>
  Array.from({ length }, (_, i) => (i === axis ? start : 0));

/** Dimension i of the output is dimension order[i] of x. */
export const transpose: Op<{ order: readonly number[] }> = {
  name: "transpose",
  shapes: ([x], { order }) => [order.map((axis) => x[axis])],
  encode(node, c) {
    const [from, to] = [strides(c.shape(node, 0)), strides(c.outputShape(node))];
    const sizes = c.outputShape(node);
    const dimensions = node.attributes.order.map((axis, i) => ({ size: sizes[i], x: from[axis], y: to[i] }));
    copy(c, c.input(node, 0), c.output(node), dimensions);
  },
  gradient({ node, dy, emit }) {
    const { order } = node.attributes;
    return [emit(transpose, [dy], { order: order.map((_, i) => order.indexOf(i)) })[0]];
  },
};
