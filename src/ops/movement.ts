/**
 * Ops that take numbers from one place to another: each is one copy, or a few, between strides. They hold their own
 * gradients, which are such ops too, so that bundles without them carry neither.
 */
import { numel, type Shape } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { Op } from "../graph/op.js";
import { FLOAT, type ValueId } from "../graph/value.js";
import { type Dimension, inFour, strides } from "./strided.js";

/** Records of `f32_copy` from x to y, from these elements on. */
function copy(c: Context, { x, y }: { x: number; y: number }, dimensions: readonly Dimension[], starts = [0, 0]): void {
  inFour(dimensions, starts, ([a, b, d, e], [from, to]) => {
    c.record("f32_copy", {
      ...{ x: x + from * FLOAT, y: y + to * FLOAT, n0: a.size, n1: b.size, n2: d.size, n3: e.size },
      ...{ x0: a.at[0], x1: b.at[0], x2: d.at[0], x3: e.at[0], y0: a.at[1], y1: b.at[1], y2: d.at[1], y3: e.at[1] },
    });
  });
}

/** Where a part lies in a whole: its element i is element `starts + i * steps`; the sizes are the part's. */
export interface Place {
  starts: readonly number[];
  steps: readonly number[];
  sizes: Shape;
}

/** The sizes of a part, its strides and those of the whole, and its first element in the whole. */
function partOf({ starts, steps, sizes }: Place, whole: Shape) {
  const [inside, outside] = [strides(sizes), strides(whole)];
  const offset = starts.reduce((sum, start, i) => sum + start * outside[i], 0);
  return { offset, inside, outside: outside.map((stride, i) => stride * steps[i]) };
}

/** Dimensions of a copy from strides to strides. */
const fromTo = (sizes: Shape, from: readonly number[], to: readonly number[]): Dimension[] =>
  sizes.map((size, i) => ({ size, at: [from[i], to[i]] }));

/** Where a node's first input and its output stand. */
const ends = (node: { inputs: ValueId[]; outputs: ValueId[]; attributes: object }, c: Context) => ({
  x: c.input(node, 0),
  y: c.output(node),
});

/** y[i] = x[starts + i * steps], steps below 0 too. */
export const slice: Op<Place> = {
  name: "slice",
  shapes: (_, { sizes }) => [sizes],
  encode(node, c) {
    const { offset, inside, outside } = partOf(node.attributes, c.shape(node, 0));
    copy(c, ends(node, c), fromTo(node.attributes.sizes, outside, inside), [offset, 0]);
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
    const part = c.shape(node, 0);
    const { offset, inside, outside } = partOf({ starts, steps, sizes: part }, sizes);
    c.record("f32_fill", { y: c.output(node), n: numel(sizes), value });
    copy(c, ends(node, c), fromTo(part, inside, outside), [0, offset]);
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
      const { offset, inside, outside } = partOf(place, whole);
      copy(c, { x: c.input(node, i), y: c.output(node) }, fromTo(sizes, inside, outside), [0, offset]);
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
    const [from, sizes] = [strides(c.shape(node, 0)), c.outputShape(node)];
    const turned = node.attributes.order.map((axis) => from[axis]);
    copy(c, ends(node, c), fromTo(sizes, turned, strides(sizes)));
  },
  gradient({ node, dy, emit }) {
    const { order } = node.attributes;
    return [emit(transpose, [dy], { order: order.map((_, i) => order.indexOf(i)) })[0]];
  },
};
