/**
 * Canonical steps as ops of the library, one emitter each. What an emitter cannot say with the ops that there are it
 * refuses.
 */
import { numel, sameShape } from "../../core/shape.js";
import { groupNorm, layerNorm } from "../../ops/norm.js";
import { avgPool2d, maxPool2d } from "../../ops/pool.js";
import { padShortcut } from "../../ops/shape.js";
import { BatchNorm1d, BatchNorm2d } from "../batch-norm.js";
import { convolve } from "../conv.js";
import { channelsLast, type Emitter, pair, unsupported } from "./recording.js";
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

const reshape: Emitter = (step, r, shape) => {
  const x = r.value(step.inputs[0]);
  const [n, c] = x.shape;
  const last = channelsLast(shape.length);
  // Pixels alone, of the same channels: in memory these are axes that lie together.
  if (x.shape.length > 2 && shape.length > 2 && shape[0] === n && shape[1] === c)
    return {
      id: r.b.reshape(
        r.arranged(x, channelsLast(x.shape.length)),
        last.map((axis) => shape[axis]),
      ),
      order: last,
    };
  // Groups of channels, or one of them: in memory these lie together, after the pixels.
  const grouping = x.shape.length > shape.length ? x.shape : shape;
  const flat = x.shape.length > shape.length ? shape : x.shape;
  const isGrouped = grouping.length === flat.length + 1 && flat.length > 2 && flat[0] === grouping[0];
  if (isGrouped && flat[1] === grouping[1] * grouping[2] && sameShape(flat.slice(2), grouping.slice(3))) {
    const grouped = [0, ...grouping.map((_, i) => i).slice(3), 1, 2];
    const [from, to] = grouping === shape ? [channelsLast(flat.length), grouped] : [grouped, last];
    const memory = to.map((axis) => shape[axis]);
    return { id: r.b.reshape(r.arranged(x, from), memory), order: to };
  }
  // A flat image, of a single pixel or ordered as the file has it.
  if (x.shape.length === 4 && shape.length === 2 && shape[0] === n) return { id: r.b.flatten(r.image(step.inputs[0])) };
  if (x.shape.length === 3 && shape.length === 2 && shape[0] === n && x.shape[2] === 1)
    return { id: r.b.reshape(r.rows(step.inputs[0]), shape) };
  if (shape.length === 4 && x.shape.length === 2 && sameShape(shape, [n, c, 1, 1])) {
    const memory = channelsLast(4).map((axis) => shape[axis]);
    return { id: r.b.reshape(r.rows(step.inputs[0]), memory) };
  }
  return { id: r.b.reshape(r.rows(step.inputs[0]), shape), order: shape.map((_, i) => i) };
};

/** Moves nothing: axis i of memory is another axis of the file then. */
const transpose: Emitter = (step, r) => {
  const { id, order } = r.value(step.inputs[0]);
  const perm = numbersOf(step.attributes, "perm");
  return { id, order: order.map((axis) => perm.indexOf(axis)) };
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

const norm: Emitter = (step, r, shape) => {
  const [x, ...weights] = step.inputs;
  if (weights.length !== 2) unsupported("no bias");
  const affine = weights.map((name) => r.weight(name));
  const eps = numberOf(step.attributes, "epsilon");
  if (step.op === "layerNorm") {
    if (step.attributes["axis"] !== shape.length - 1) unsupported(`axis ${step.attributes["axis"]} of ${shape.length}`);
    return {
      id: r.b.op(layerNorm, [r.rows(x), ...affine], { eps, affine: true })[0],
      order: shape.map((_, i) => i),
    };
  }
  const groups = step.op === "instanceNorm" ? shape[1] : numberOf(step.attributes, "groups");
  const image = r.arranged(r.value(x), channelsLast(shape.length));
  return { id: r.b.op(groupNorm, [image, ...affine], { groups, eps, affine: true })[0] };
};

export const emitters = (): Record<string, Emitter> => ({
  conv: convolution,
  gemm: product,
  linear: product,
  maxPool: pool,
  averagePool: pool,
  reshape,
  transpose,
  batchNorm,
  layerNorm: norm,
  groupNorm: norm,
  instanceNorm: norm,
  padShortcut: (step, r) => ({
    id: r.b.op(
      padShortcut,
      [r.image(step.inputs[0])],
      step.attributes as { stride: number; front: number; back: number },
    )[0],
  }),
});
