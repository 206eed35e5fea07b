/**
 * The canonical steps that classic residual networks and their kin take, as ops of the library, one emitter each: in the forms
 * that these have. All others, and other forms, come on demand (`further.ts`).
 */
import { numel, sameShape } from "../../core/shape.js";
import type { ActivationKind } from "../../graph/op.js";
import { avgPool2d, maxPool2d } from "../../ops/pool.js";
import { BatchNorm1d, BatchNorm2d } from "../batch-norm.js";
import { convolve } from "../conv.js";
import { channelsLast, type Emitter, type Placed, pair, unsupported } from "./recording.js";
import { numberOf, numbersOf, type Step } from "./step.js";

/**
 * The path of a step's layer: the node's name, or where a layer has weights of its own, what is common to theirs. A norm that a
 * file calls twice is two here, the second by its node's name.
 */
export function pathOf({ op, name, inputs, attributes }: Step): string {
  const [first] = BATCH_NORM;
  const prefix = inputs[1]?.slice(0, -first.length) ?? "";
  const isCommon = op === "batchNorm" && BATCH_NORM.every((suffix, i) => inputs[i + 1] === prefix + suffix);
  return isCommon && !attributes["isAgain"] ? prefix : nodePath(name);
}

/** `/layer1/layer1.0/conv1/Conv` → `layer1.0.conv1.Conv`: PyTorch names a module of a list by the list, too. */
export const nodePath = (name: string): string =>
  name
    .split(/\/+/)
    .filter((part, i, parts) => part !== "" && !parts[i + 1]?.startsWith(`${part}.`))
    .join(".");

/** The padding before and after, [vertical, horizontal]. */
function padding(step: Step): [before: [number, number], after: [number, number]] {
  const pads = numbersOf(step.attributes, "pads");
  const rank = pads.length / 2;
  return [pair(pads.slice(0, rank), 0), pair(pads.slice(rank), 0)];
}

/**
 * Of 8 channels by 8 in windows of 3x3. Imports are held against other programs' numbers: rounding by Winograd, 4e-7, puts a
 * unit of such a network on the other side of its ReLU, the plain sums' 1e-7 do not; and where channels are this few, Winograd is
 * 1.6 times as fast, not 3 times.
 */
const FEW_WEIGHTS = 9 * 8 * 8;

const convolution: Emitter = (step, r) => {
  const { strides, dilations } = step.attributes;
  const [before, after] = padding(step);
  const weight = r.weight(step.inputs[1]);
  const window = {
    weight,
    bias: step.inputs[2] ? r.weight(step.inputs[2]) : undefined,
    stride: pair(strides),
    padding: before,
    ...(sameShape(before, after) ? {} : { after }),
    dilation: pair(dilations),
    groups: numberOf(step.attributes, "group"),
    ...(numel(r.b.shape(weight)) <= FEW_WEIGHTS && { isExact: true }),
  };
  return { id: convolve(r.b, r.pixels(step.inputs[0]), window) };
};

const product: Emitter = (step, r) => {
  if (step.attributes["transA"]) unsupported("a transposed input");
  const bias = step.inputs[2] ? r.weight(step.inputs[2]) : undefined;
  return {
    id: r.b.linear(r.rows(step.inputs[0]), r.weight(step.inputs[1]), bias),
    order: r.value(step.inputs[0]).shape.map((_, i) => i),
  };
};

/** Where a window begins tells of the padding before, the size of the output of that after. */
const pool: Emitter = (step, r, shape) => {
  const x = r.pixels(step.inputs[0]);
  const { kernel, strides, dilations, countIncludePad } = step.attributes;
  const [before, after] = padding(step);
  if (before.some((pad, i) => pad > pair(kernel)[i] / 2)) unsupported("padding of more than half the kernel");
  const window = { kernel: pair(kernel), stride: pair(strides), dilation: pair(dilations), padding: before };
  const output = pair(shape.slice(2));
  if (step.op === "maxPool") return { id: r.b.op(maxPool2d, [x], { ...window, output })[0] };
  return {
    id: r.b.op(avgPool2d, [x], { ...window, output, after, countIncludePad: Boolean(countIncludePad) })[0],
  };
};

/** A flat image: of a single pixel, or ordered as the file has it. */
const reshape: Emitter = (step, r, shape) => {
  const x = r.value(step.inputs[0]);
  const { length } = x.shape;
  if (shape.length !== 2 || shape[0] !== x.shape[0]) return undefined;
  if (length === 4) return { id: r.b.flatten(r.image(step.inputs[0])) };
  return length === 3 && x.shape[2] === 1 ? { id: r.b.reshape(r.rows(step.inputs[0]), shape) } : undefined;
};

export const BATCH_NORM = [".weight", ".bias", ".running_mean", ".running_var"];

const batchNorm: Emitter = (step, r, shape) => {
  const [eps, momentum] = ["epsilon", "momentum"].map((name) => numberOf(step.attributes, name));
  const options = { eps, momentum: Math.min(Math.max(momentum, 0), 1) };
  // The layer is at the step's path.
  if (shape.length === 4) return { id: new BatchNorm2d(shape[1], options).build(r.b, r.image(step.inputs[0])) };
  if (shape.length > 3) unsupported(`${shape.length - 2} spatial axes`);
  const x = r.arranged(r.value(step.inputs[0]), channelsLast(shape.length));
  return { id: new BatchNorm1d(shape[1], options).build(r.b, x) };
};

/** Elementwise, so in whatever order the axes lie. */
export const activation =
  (kind: ActivationKind, param?: string): Emitter =>
  (step, r) => {
    const { id, order } = r.value(step.inputs[0]);
    const value = param ? numberOf(step.attributes, param) : 0;
    if (param && value <= 0) unsupported(`${param} ${value}`);
    return { id: r.b.activation(id, kind, value), order };
  };

/** max(0, x), with 6 above it too. */
const clip: Emitter = (step, r, shape) => {
  const { min, max } = step.attributes;
  const kind = min !== 0 ? undefined : max === undefined ? "relu" : max === 6 ? "relu6" : undefined;
  return kind && activation(kind)(step, r, shape);
};

/** clamp(x / 6 + 1 / 2, 0, 1), PyTorch's. */
const hardSigmoid: Emitter = (step, r, shape) =>
  isPlainHardSigmoid(step) ? activation("hardsigmoid")(step, r, shape) : undefined;

const isPlainHardSigmoid = ({ attributes: { alpha, beta } }: Step): boolean =>
  Math.abs((alpha as number) - 1 / 6) < 1e-6 && beta === 0.5;

/** Two of equal shapes: what a convolution before them takes in. */
const add: Emitter = (step, r, shape) => {
  const [first, second, ...more] = step.inputs.map((name) => (r.hasWeight(name) ? undefined : r.value(name)));
  if (!first || !second || more.length > 0) return undefined;
  if (!sameShape(first.shape, shape) || !sameShape(second.shape, shape)) return undefined;
  return { id: r.b.add(first.id, r.arranged(second, first.order)), order: first.order };
};

/** An image by a factor for each of its channels. */
const mul: Emitter = (step, r, shape) => {
  if (step.inputs.length !== 2 || step.inputs.some((name) => r.hasWeight(name))) return undefined;
  const values = step.inputs.map((name) => r.value(name));
  const sizes = shape.map((size, i) => (i < 2 ? size : 1));
  const factor = isImage(shape) ? values.findIndex((value) => sameShape(value.shape, sizes)) : -1;
  if (factor < 0 || !sameShape(values[1 - factor].shape, shape)) return undefined;
  const x = r.image(step.inputs[1 - factor]);
  return r.unimage(r.b.scaleChannels(x, r.image(step.inputs[factor])), shape);
};

/** Images, and signals. */
const isImage = ({ length }: readonly number[]): boolean => length === 3 || length === 4;

export const isOverPixels = (step: Step, { shape }: Placed): boolean =>
  isImage(shape) && sameShape(numbersOf(step.attributes, "axes"), shape.map((_, i) => i).slice(2));

/** Over all pixels, by the kernel of pools. */
const reduceMean: Emitter = (step, r, shape) => {
  if (!isOverPixels(step, r.value(step.inputs[0]))) return undefined;
  const id = r.b.mean(r.image(step.inputs[0]));
  return step.attributes["keepDims"] ? r.unimage(id, shape) : { id: r.b.reshape(id, shape) };
};

/** Of rows. */
const softmax: Emitter = (step, r, { length }) => {
  if (length !== 2 || step.attributes["axis"] !== 1) return undefined;
  const { id, order } = r.value(step.inputs[0]);
  if (order[1] !== 1) return undefined;
  return { id: step.op === "softmax" ? r.b.softmax(id) : r.b.logSoftmax(id), order };
};

export const emitters = (): Record<string, Emitter> => ({
  conv: convolution,
  gemm: product,
  linear: product,
  maxPool: pool,
  averagePool: pool,
  reshape,
  batchNorm,
  relu: activation("relu"),
  sigmoid: activation("sigmoid"),
  silu: activation("silu"),
  hardSwish: activation("hardswish"),
  clip,
  hardSigmoid,
  add,
  mul,
  reduceMean,
  softmax,
  logSoftmax: softmax,
});
