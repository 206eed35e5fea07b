/**
 * The ops of the library as nodes of ONNX, channels first. What opset 17 lacks (GroupNorm, GELU, Mish) is written in parts,
 * as PyTorch does, so that whoever knows its files finds them again.
 */
import { lookUp } from "../core/look-up.js";
import { imageOf, last, numel, type Pair } from "../core/shape.js";
import type { Activation, ActivationKind, Node } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { BatchNorm } from "../ops/batch-norm.js";
import type { Conv2d, Conv2dDx } from "../ops/conv.js";
import type { GroupNorm, LayerNorm } from "../ops/norm.js";
import type { AvgPool, Pool } from "../ops/pool.js";
import type { PadShortcut } from "../ops/shape.js";
import { mapRules } from "./lower-maps.js";
import { movementRules } from "./lower-movement.js";
import { channelsFirst, identity, type Rule, type Writing, type Written } from "./writing.js";

/** Activations as one node or several, from the name of x to that of y. */
export const ACTIVATION_NODES: Record<ActivationKind, (w: Writing, x: string, param: number) => string> = {
  relu: (w, x) => w.node("Relu", [x]),
  sigmoid: (w, x) => w.node("Sigmoid", [x]),
  tanh: (w, x) => w.node("Tanh", [x]),
  hardswish: (w, x) => w.node("HardSwish", [x]),
  leakyRelu: (w, x, alpha) => w.node("LeakyRelu", [x], { alpha: { f: alpha } }),
  elu: (w, x, alpha) => w.node("Elu", [x], { alpha: { f: alpha } }),
  relu6: (w, x) => w.node("Clip", [x, w.constant([0], []), w.constant([6], [])]),
  hardsigmoid: (w, x) => w.node("HardSigmoid", [x], { alpha: { f: 1 / 6 }, beta: { f: 0.5 } }),
  mish: (w, x) => w.node("Mul", [x, w.node("Tanh", [w.node("Softplus", [x])])]),
  softplus: (w, x, beta) =>
    beta === 1 ? w.node("Softplus", [x]) : times(w, w.node("Softplus", [times(w, x, beta)]), 1 / beta),
  silu: (w, x) => w.node("Mul", [x, w.node("Sigmoid", [x])]),
  gelu: (w, x) => half(w, x, w.node("Erf", [times(w, x, Math.SQRT1_2)])),
  geluTanh(w, x) {
    const cube = w.node("Mul", [w.node("Mul", [x, x]), x]);
    const sum = w.node("Add", [x, times(w, cube, 0.044715)]);
    return half(w, x, w.node("Tanh", [times(w, sum, Math.sqrt(2 / Math.PI))]));
  },
};

const times = (w: Writing, x: string, factor: number): string => w.node("Mul", [x, w.constant([factor], [])]);

/** 0.5 x (1 + s) */
const half = (w: Writing, x: string, s: string): string =>
  times(w, w.node("Mul", [x, w.node("Add", [s, w.constant([1], [])])]), 0.5);

const image = (name: string, rank = 4): Written => ({ name, order: channelsFirst(rank) });
const rows = (name: string, rank: number): Written => ({ name, order: identity(rank) });

/** What there is for each axis of images, or of signals, which have one. */
const axes = <T>(w: Writing, x: ValueId, pair: readonly T[]): T[] => pair.slice(4 - w.shape(x).length);

/** Filters in memory, [out, …window, in], as the file has them: [out, in, …window]. */
function filters(
  w: Writing,
  weight: ValueId,
  { outChannels, kernel }: { outChannels: number; kernel: readonly number[] },
) {
  if (!w.isWeight(weight)) return w.image(weight);
  return w.weight(weight, [outChannels, numel(w.shape(weight)) / numel(kernel) / outChannels, ...kernel]);
}

const conv2d: Rule<Conv2d> = (w, { inputs: [x, weight, ...biases], attributes }) => {
  const { kernel, stride, padding, after = padding, dilation, groups } = attributes;
  const of = (pair: Pair) => axes(w, x, pair);
  const window = { kernel_shape: of(kernel), strides: of(stride), pads: [...of(padding), ...of(after)] };
  const weights = filters(w, weight, { outChannels: attributes.outChannels, kernel: of(kernel) });
  const inputs = [w.image(x), weights, ...biases.map((id) => w.weight(id))];
  return image(w.node("Conv", inputs, { ...window, dilations: of(dilation), group: groups }), w.shape(x).length);
};

/** Less than nothing cut off after the image is padding of the output. */
const convTranspose2d: Rule<Conv2dDx> = (w, { inputs: [x, weight, ...biases], attributes }) => {
  const { outChannels, kernel, stride, padding, after = padding, dilation, groups, input } = attributes;
  const of = (pair: readonly number[]) => axes(w, x, pair);
  const cut = after.map((size) => Math.max(0, size));
  const added = { output_padding: of(after.map((size) => Math.max(0, -size))) };
  const window = { kernel_shape: of(kernel), strides: of(stride), pads: [...of(padding), ...of(cut)], ...added };
  const dims = [outChannels, input[2] / groups, ...of(kernel)];
  const weights = w.isWeight(weight) ? w.weight(weight, dims) : w.image(weight);
  const inputs = [w.image(x), weights, ...biases.map((id) => w.weight(id))];
  const node = w.node("ConvTranspose", inputs, { ...window, dilations: of(dilation), group: groups });
  return image(node, w.shape(x).length);
};

const linear: Rule = (w, { inputs: [x, weight, ...rest] }) => {
  const rank = w.shape(x).length;
  const biases = rest.map((id) => w.weight(id));
  // The library takes a convolution of single pixels for a product.
  if (w.shape(weight).length > 2) {
    const kernel = axes(w, x, [1, 1]);
    const weights = filters(w, weight, { outChannels: w.shape(weight)[0], kernel });
    return image(w.node("Conv", [w.image(x), weights, ...biases], { kernel_shape: kernel }), rank);
  }
  const isWeight = w.isWeight(weight);
  if (rank === 2) {
    const matrix = isWeight ? w.weight(weight) : w.rows(weight);
    return rows(w.node("Gemm", [w.rows(x), matrix, ...biases], { transB: 1 }), rank);
  }
  const turned = isWeight ? w.transposed(weight) : w.node("Transpose", [w.rows(weight)], { perm: [1, 0] });
  const product = w.node("MatMul", [w.rows(x), turned]);
  return rows(biases.length > 0 ? w.node("Add", [product, ...biases]) : product, rank);
};

const activation: Rule<Activation> = (w, { inputs: [x], attributes: { kind, param } }) => {
  const { name, order } = w.at(x);
  return { name: ACTIVATION_NODES[kind](w, name, param), order };
};

const add: Rule = (w, { inputs: [a, b] }) => {
  const { name, order } = w.at(a);
  return { name: w.node("Add", [name, w.as(b, order)]), order };
};

/** A window's attributes, and how far the last one reaches beyond the input, [vertical, horizontal]. */
function windowOf(w: Writing, x: ValueId, { kernel, stride, padding, dilation = [1, 1], output }: Pool) {
  const size = imageOf(w.shape(x));
  const beyond = [0, 1].map((i) =>
    Math.max(0, (output[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - size[i] - padding[i]),
  );
  return { dilation, beyond, attributes: { kernel_shape: axes(w, x, kernel), strides: axes(w, x, stride) } };
}

const maxPool2d: Rule<Pool> = (w, { inputs: [x], attributes: pool }) => {
  const { dilation, beyond, attributes } = windowOf(w, x, pool);
  const pads = [...axes(w, x, pool.padding), ...axes(w, x, beyond)];
  const node = w.node("MaxPool", [apartFromPad(w, w.image(x))], {
    ...attributes,
    pads,
    dilations: axes(w, x, dilation),
  });
  return image(node, w.shape(x).length);
};

/**
 * onnxruntime 1.17 and later take any Pad before a MaxPool for the pool's own padding, which is -Infinity, whatever the Pad's
 * value (microsoft/onnxruntime, pull request 18136). A node between them that changes nothing keeps them apart: x for x > 0, and
 * 1 x elsewhere.
 */
function apartFromPad(w: Writing, x: string): string {
  const isPadded = w.nodes.some(({ opType, output }) => opType === "Pad" && output?.[0] === x);
  return isPadded ? w.node("LeakyRelu", [x], { alpha: { f: 1 } }) : x;
}

/** A padding that counts is zeros before the pool where windows reach beyond it: what lies there does not count. */
const avgPool2d: Rule<AvgPool> = (w, { inputs: [x], attributes: pool }) => {
  const { padding, after = padding, countIncludePad } = pool;
  const { dilation, beyond, attributes } = windowOf(w, x, pool);
  const of = (pair: readonly number[]) => axes(w, x, pair);
  const { length: rank } = w.shape(x);
  const whole = [...of(padding), ...of(beyond)];
  // AveragePool has dilations since opset 19: sums, and how many numbers are in them.
  if (dilation[0] * dilation[1] > 1) {
    const channels = last(w.shape(x));
    const ones = w.constant(new Array<number>(channels * numel(pool.kernel)).fill(1), [
      channels,
      1,
      ...of(pool.kernel),
    ]);
    const sums = w.node("Conv", [w.image(x), ones], {
      ...attributes,
      pads: whole,
      dilations: of(dilation),
      group: channels,
    });
    const [rows, columns] = [0, 1].map((i) => tapsInside(pool, imageOf(w.shape(x))[i], i));
    const counts = w.constant(
      rows.flatMap((row) => columns.map((column) => row * column)),
      of(pool.output),
    );
    return image(w.node("Div", [sums, counts]), rank);
  }
  const isBeyond = countIncludePad && beyond.some((size, i) => size > after[i]);
  const zeros = [0, 0, ...of(padding), 0, 0, ...of(after)];
  const padded = isBeyond ? w.node("Pad", [w.image(x), w.integers(...zeros), w.constant([0], [])]) : w.image(x);
  const rest = beyond.map((size, i) => Math.max(0, size - after[i]));
  const pads = isBeyond ? [...of([0, 0]), ...of(rest)] : whole;
  const count = { count_include_pad: Number(countIncludePad && !isBeyond) };
  return image(w.node("AveragePool", [padded], { ...attributes, pads, ...count }), rank);
};

/** Of each window along an axis, the taps that count. */
function tapsInside({ kernel, stride, padding, dilation = [1, 1], output, ...pool }: AvgPool, size: number, i: number) {
  const { countIncludePad, after = padding } = pool;
  const [first, end] = countIncludePad ? [-padding[i], size + after[i]] : [0, size];
  return Array.from({ length: output[i] }, (_, o) => {
    const taps = Array.from({ length: kernel[i] }, (_, tap) => o * stride[i] - padding[i] + tap * dilation[i]);
    return Math.max(1, taps.filter((at) => at >= first && at < end).length);
  });
}

/** The matrix [bins, size] of means over bins. */
function binMeans(size: number, bins: number): number[] {
  const matrix = new Array<number>(bins * size).fill(0);
  for (let bin = 0; bin < bins; bin++) {
    const [from, to] = [Math.floor((bin * size) / bins), Math.ceil(((bin + 1) * size) / bins)];
    matrix.fill(1 / (to - from), bin * size + from, bin * size + to);
  }
  return matrix;
}

const adaptiveAvgPool2d: Rule<{ output: Pair }> = (w, { inputs: [x], attributes: { output } }) => {
  const [height, width] = imageOf(w.shape(x));
  const { length: rank } = w.shape(x);
  const [oh, ow] = output;
  if (oh * ow === 1) return image(w.node("GlobalAveragePool", [w.image(x)]), rank);
  if (height % oh === 0 && width % ow === 0) {
    const size = axes(w, x, [height / oh, width / ow]);
    return image(w.node("AveragePool", [w.image(x)], { kernel_shape: size, strides: size }), rank);
  }
  const turned = w.constant(binMeans(width, ow), [ow, width]);
  const means =
    rank === 3 ? w.image(x) : w.node("MatMul", [w.constant(binMeans(height, oh), [oh, height]), w.image(x)]);
  return image(w.node("MatMul", [means, w.node("Transpose", [turned], { perm: [1, 0] })]), rank);
};

const scaleChannels: Rule = (w, { inputs: [x, factors] }) => image(w.node("Mul", [w.image(x), w.image(factors)]));

const softmax: Rule<{ log: boolean }> = (w, { inputs: [x], attributes: { log } }) =>
  rows(w.node(log ? "LogSoftmax" : "Softmax", [w.rows(x)], { axis: -1 }), w.shape(x).length);

/** The weight and bias of a norm; ones and zeros where it has none. */
const affine = (w: Writing, weights: readonly ValueId[], channels: number): string[] =>
  weights.length > 0
    ? weights.map((id) => w.weight(id))
    : [1, 0].map((value) => w.constant(new Array<number>(channels).fill(value), [channels]));

const batchNormRstd: Rule<{ eps: number }> = (w, { inputs: [variance], outputs: [rstd], attributes: { eps } }) => {
  w.deviations.set(rstd, { variance, eps });
  return undefined;
};

const batchNorm: Rule<BatchNorm> = (w, { inputs: [x, mean, rstd, ...weights] }) => {
  const shape = w.shape(x);
  const { variance, eps } = lookUp(w.deviations, rstd);
  const inputs = [w.image(x), ...affine(w, weights, last(shape)), w.weight(mean), w.weight(variance)];
  return image(w.node("BatchNormalization", inputs, { epsilon: { f: eps } }), shape.length);
};

const layerNorm: Rule<LayerNorm> = (w, { inputs: [x, ...weights], attributes: { eps } }) => {
  const shape = w.shape(x);
  const inputs = [w.rows(x), ...affine(w, weights, last(shape))];
  return rows(w.node("LayerNormalization", inputs, { axis: -1, epsilon: { f: eps } }), shape.length);
};

const groupNorm: Rule<GroupNorm> = (w, { inputs: [x, ...weights], attributes: { groups, eps } }) => {
  const shape = w.shape(x);
  const [rank, channels] = [shape.length, last(shape)];
  const epsilon = { epsilon: { f: eps } };
  if (rank > 2 && groups === channels)
    return image(w.node("InstanceNormalization", [w.image(x), ...affine(w, weights, channels)], epsilon), rank);
  const grouped = w.node("Reshape", [w.image(x), w.integers(0, groups, -1)]);
  const normed = w.node("InstanceNormalization", [grouped, ...affine(w, [], groups)], epsilon);
  const sizes = w.sizes(x, channelsFirst(rank));
  const restored = w.node("Reshape", [normed, w.integers(...sizes)]);
  if (weights.length === 0) return image(restored, rank);
  const [gamma, beta] = weights.map((id) => w.weight(id, [channels, ...new Array<number>(rank - 2).fill(1)]));
  return image(w.node("Add", [w.node("Mul", [restored, gamma]), beta]), rank);
};

const reshape: Rule = (w, { inputs: [x], outputs: [y] }) => {
  if (w.isWeight(x)) return undefined; // written by the op that reads it
  const [from, to] = [w.shape(x), w.shape(y)];
  const first = channelsFirst(to.length);
  const isOfPixels = from.length > 2 && to.length > 2 && from[0] === to[0] && last(from) === last(to);
  const order = isOfPixels || w.isInMemoryOrder(y, first) ? first : identity(to.length);
  const source = isOfPixels ? w.image(x) : w.flat(x);
  if (to.length === 2 && from[0] === to[0]) return { name: w.node("Flatten", [source]), order };
  return { name: w.node("Reshape", [source, w.integers(...w.sizes(y, order))]), order };
};

/** Moves nothing: it names the axes anew. */
const transposeChannels: Rule<{ toFirst: boolean }> = (w, { inputs: [x], attributes: { toFirst } }) => {
  const { name, order } = w.at(x);
  const from = toFirst ? [0, 3, 1, 2] : [0, 2, 3, 1];
  return { name, order: order.map((axis) => from.indexOf(axis)) };
};

const padShortcut: Rule<PadShortcut> = (w, { inputs: [x], attributes: { stride, front, back } }) => {
  const [, height, width] = w.shape(x);
  const bounds = [w.integers(0, 0), w.integers(height, width), w.integers(2, 3), w.integers(stride, stride)];
  const picked = w.node("Slice", [w.image(x), ...bounds]);
  return image(w.node("Pad", [picked, w.integers(0, front, 0, 0, 0, back, 0, 0), w.constant([0], [])]));
};

const rule = <A extends object>(of: Rule<A>) => of as Rule;

/** By the names of ops, so that an app that exports carries none that it does not record. */
const allRules = (): Record<string, Rule> => ({
  conv2d: rule(conv2d),
  convTranspose2d: rule(convTranspose2d),
  linear,
  activation: rule(activation),
  add,
  maxPool2d: rule(maxPool2d),
  avgPool2d: rule(avgPool2d),
  adaptiveAvgPool2d: rule(adaptiveAvgPool2d),
  scaleChannels,
  softmax: rule(softmax),
  batchNormRstd: rule(batchNormRstd),
  batchNorm: rule(batchNorm),
  layerNorm: rule(layerNorm),
  groupNorm: rule(groupNorm),
  reshape,
  transposeChannels: rule(transposeChannels),
  padShortcut: rule(padShortcut),
  ...movementRules(),
  ...mapRules(),
});

let rules: ReadonlyMap<string, Rule> | undefined;

/** How a node is written; undefined where there is no way. */
export function ruleOf({ op }: Node): Rule | undefined {
  rules ??= new Map(Object.entries(allRules()));
  return rules.get(op.name);
}
