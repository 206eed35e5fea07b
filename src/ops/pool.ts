/** Pooling of images, [n, h, w, c]. */
import { type ImageShape, imageOf, type Pair, type Shape } from "../core/shape.js";
import type { Gradient, Op } from "../graph/op.js";

/** A pooling window; pairs are [vertical, horizontal], `output` is [oh, ow]. */
export interface Pool {
  kernel: Pair;
  stride: Pair;
  padding: Pair;
  output: Pair;
}

/** A window's sizes as records have them. */
function poolSizes({ kernel, stride, padding, output }: Pool, batch: number, [h, w, c]: ImageShape) {
  const [kh, kw] = kernel;
  const [strideH, strideW] = stride;
  const [padTop, padLeft] = padding;
  const [oh, ow] = output;
  const sizes = { batch, h, w, c, oh, ow, kh, kw, strideH, strideW, padTop, padLeft };
  return { ...sizes, dilationH: 1, dilationW: 1 };
}

export type MaxPool = Pool & { dilation: Pair };

const maxPoolSizes = (pool: MaxPool, x: Shape) => {
  const [dilationH, dilationW] = pool.dilation;
  return { ...poolSizes(pool, x[0], imageOf(x)), dilationH, dilationW };
};

/** The largest value of each window. */
export const maxPool2d: Op<MaxPool> = {
  name: "maxPool2d",
  shapes: ([x], { output }) => [[x[0], ...output, x[3]]],
  encode: (node, c) => c.emit("f32_max_pool", node, "x", "y", maxPoolSizes(node.attributes, c.shape(node, 0))),
};

// The gradient of a maximum goes to where the maximum was.
const maxPool2dGradient: Gradient<MaxPool> = {
  of: maxPool2d,
  rule: ({ node, dy, emit }) => [emit(maxPool2dDx, [dy, node.inputs[0], node.outputs[0]], node.attributes)[0]],
};

/** Inputs: dy, x, y. */
const maxPool2dDx: Op<MaxPool> = {
  name: "maxPool2dDx",
  shapes: ([, x]) => [x],
  encode: (node, c) => c.emit("f32_max_pool_dx", node, "dy x y", "dx", maxPoolSizes(node.attributes, c.shape(node, 1))),
};

export type AvgPool = Pool & { countIncludePad: boolean };

/** The mean of each window. */
export const avgPool2d: Op<AvgPool> = {
  name: "avgPool2d",
  shapes: ([x], { output }) => [[x[0], ...output, x[3]]],
  encode(node, c) {
    const x = c.shape(node, 0);
    c.emit("f32_avg_pool", node, "x", "y", poolSizes(node.attributes, x[0], imageOf(x)));
  },
};

// y = sum of a window / its size:  each of the window gets dy / size
const avgPool2dGradient: Gradient<AvgPool> = {
  of: avgPool2d,
  rule: ({ node, dy, shape, emit }) => [
    emit(avgPool2dDx, [dy], { ...node.attributes, input: imageOf(shape(node.inputs[0])) })[0],
  ],
};

const avgPool2dDx: Op<AvgPool & { input: ImageShape }> = {
  name: "avgPool2dDx",
  shapes: ([dy], { input }) => [[dy[0], ...input]],
  encode(node, c) {
    const [batch] = c.shape(node, 0);
    c.emit("f32_avg_pool_dx", node, "dy", "dx", poolSizes(node.attributes, batch, node.attributes.input));
  },
};

/** The means over a grid of `output` bins that cover the image. */
export const adaptiveAvgPool2d: Op<{ output: Pair }> = {
  name: "adaptiveAvgPool2d",
  shapes: ([x], { output }) => [[x[0], ...output, x[3]]],
  encode(node, c) {
    const [h, w, channels] = imageOf(c.shape(node, 0));
    const [oh, ow] = node.attributes.output;
    c.emit("f32_adaptive_avg_pool", node, "x", "y", { h, w, c: channels, oh, ow });
  },
};

// As avgPool2d; bins may overlap, and their gradients add up.
const adaptiveAvgPool2dGradient: Gradient<{ output: Pair }> = {
  of: adaptiveAvgPool2d,
  rule: ({ node, dy, shape, emit }) => [emit(adaptiveAvgPool2dDx, [dy], { input: imageOf(shape(node.inputs[0])) })[0]],
};

const adaptiveAvgPool2dDx: Op<{ input: ImageShape }> = {
  name: "adaptiveAvgPool2dDx",
  shapes: ([dy], { input }) => [[dy[0], ...input]],
  encode(node, c) {
    const [, oh, ow] = c.shape(node, 0);
    const [h, w, channels] = node.attributes.input;
    c.emit("f32_adaptive_avg_pool_dx", node, "dy", "dx", { h, w, c: channels, oh, ow });
  },
};

export const poolGradients = [maxPool2dGradient, avgPool2dGradient, adaptiveAvgPool2dGradient];
