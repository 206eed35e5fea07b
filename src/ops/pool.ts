/** Pooling of images [n, h, w, c], or of signals [n, length, c]. */
import { type ImageShape, imageOf, imagesLike, last, type Pair, type Shape } from "../core/shape.js";
import type { Gradient, Op } from "../graph/op.js";

/** A pooling window; pairs are [vertical, horizontal], `output` is [oh, ow]. */
export interface Pool {
  kernel: Pair;
  stride: Pair;
  /** Before the image. The output's size tells how far windows reach after it. */
  padding: Pair;
  /** After the image, what of it counts in means. Default: as much as before it. */
  after?: Pair;
  /** Default 1. */
  dilation?: Pair;
  output: Pair;
}

/** A window's sizes as records have them. */
function poolSizes(pool: Pool, batch: number, [h, w, c]: ImageShape) {
  const { kernel, stride, padding, after = padding, dilation = [1, 1], output } = pool;
  const [kh, kw] = kernel;
  const [strideH, strideW] = stride;
  const [padTop, padLeft] = padding;
  const [padBottom, padRight] = after;
  const [dilationH, dilationW] = dilation;
  const [oh, ow] = output;
  const window = { kh, kw, strideH, strideW, dilationH, dilationW, padTop, padLeft, padBottom, padRight };
  return { batch, h, w, c, oh, ow, ...window };
}

/** The sizes of a pool of x, as records have them. */
export const poolSizesOf = (pool: Pool, x: Shape) => poolSizes(pool, x[0], imageOf(x));

const readsOf = ({ kernel: [kh, kw] }: Pool): number => kh * kw;

/** The largest value of each window. */
export const maxPool2d: Op<Pool> = {
  name: "maxPool2d",
  shapes: ([x], { output }) => [imagesLike(x, [...output, last(x)])],
  reads: readsOf,
  encode: (node, c) => c.emit("f32_max_pool", node, "x", "y", poolSizesOf(node.attributes, c.shape(node, 0))),
};

// The gradient of a maximum goes to where the maximum was.
const maxPool2dGradient: Gradient<Pool> = {
  of: maxPool2d,
  rule: ({ node, dy, emit }) => [emit(maxPool2dDx, [dy, node.inputs[0], node.outputs[0]], node.attributes)[0]],
};

/** Inputs: dy, x, y. */
const maxPool2dDx: Op<Pool> = {
  name: "maxPool2dDx",
  shapes: ([, x]) => [x],
  encode: (node, c) => c.emit("f32_max_pool_dx", node, "dy x y", "dx", poolSizesOf(node.attributes, c.shape(node, 1))),
};

export type AvgPool = Pool & { countIncludePad: boolean };

/** The mean of each window. */
export const avgPool2d: Op<AvgPool> = {
  name: "avgPool2d",
  shapes: ([x], { output }) => [imagesLike(x, [...output, last(x)])],
  reads: readsOf,
  encode: (node, c) => c.emit("f32_avg_pool", node, "x", "y", poolSizesOf(node.attributes, c.shape(node, 0))),
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
  shapes: ([dy], { input }) => [imagesLike(dy, input)],
  encode(node, c) {
    const [batch] = c.shape(node, 0);
    c.emit("f32_avg_pool_dx", node, "dy", "dx", poolSizes(node.attributes, batch, node.attributes.input));
  },
};

/** The means over a grid of `output` bins that cover the image. */
export const adaptiveAvgPool2d: Op<{ output: Pair }> = {
  name: "adaptiveAvgPool2d",
  shapes: ([x], { output }) => [imagesLike(x, [...output, last(x)])],
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
  shapes: ([dy], { input }) => [imagesLike(dy, input)],
  encode(node, c) {
    const [oh, ow] = imageOf(c.shape(node, 0));
    const [h, w, channels] = node.attributes.input;
    c.emit("f32_adaptive_avg_pool_dx", node, "dy", "dx", { h, w, c: channels, oh, ow });
  },
};

export const poolGradients = [maxPool2dGradient, avgPool2dGradient, adaptiveAvgPool2dGradient];
