/** Canonical steps that networks of today take: norms, joined branches, axes named anew, smooth activations. */
import { numel, sameShape } from "../../core/shape.js";
import type { ActivationKind } from "../../graph/op.js";
import type { ValueId } from "../../graph/value.js";
import type { Builder } from "../../ops/builder.js";
import { conv2d } from "../../ops/conv.js";
import { noEpilogue } from "../../ops/epilogue.js";
import { type BinaryKind, binary } from "../../ops/maps.js";
import { concat, slice, transpose as transposeOp } from "../../ops/movement.js";
import { groupNorm, layerNorm } from "../../ops/norm.js";
import { padShortcut } from "../../ops/shape.js";
import { activation } from "./emit.js";
import {
  channelsLast,
  type Emitter,
  identity,
  type Placed,
  type Recording,
  sameOrder,
  unsupported,
} from "./recording.js";
import { numberOf, numbersOf, type Step } from "./step.js";

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

/** The step's numbers for each axis, in the order of memory. */
const inMemory = (step: Step, name: string, order: readonly number[]): number[] =>
  order.map((axis) => numbersOf(step.attributes, name)[axis]);

const concatenation: Emitter = (step, r) => {
  const values = step.inputs.map((name) => r.value(name));
  const { order } = values[0];
  const place = numberOf(step.attributes, "axis");
  const axis = order.indexOf(place);
  if (r.isBatch(place)) unsupported("along the batch");
  const parts = values.map((value) => r.arranged(value, order));
  return { id: r.b.op(concat, parts, { axis })[0], order };
};

const part: Emitter = (step, r, shape) => {
  const { id, order } = r.value(step.inputs[0]);
  const place = { starts: inMemory(step, "starts", order), steps: inMemory(step, "steps", order) };
  return { id: r.b.op(slice, [id], { ...place, sizes: order.map((axis) => shape[axis]) })[0], order };
};

/** What broadcasting makes of a value among others: its memory, and the sizes of all axes in their order in memory. */
export function spread(b: Builder, value: Placed, order: readonly number[]): { id: ValueId; view: number[] } {
  const lead = order.length - value.shape.length;
  const sizeOf = (axis: number) => (axis < lead ? 1 : value.shape[axis - lead]);
  const wanted = order.filter((axis) => axis >= lead).map((axis) => axis - lead);
  const isLong = (axis: number) => value.shape[axis] !== 1;
  const inOrder = sameOrder(value.order.filter(isLong), wanted.filter(isLong));
  const id = inOrder
    ? value.id
    : b.op(transposeOp, [value.id], { order: wanted.map((axis) => value.order.indexOf(axis)) })[0];
  return { id, view: order.map(sizeOf) };
}

/** f(a, b) of operands that lie as the larger one does. */
export function combine(r: Recording, kind: BinaryKind, a: Placed, b: Placed, shape: number[]): Placed {
  const rank = shape.length;
  const whole = [a, b].find((each) => numel(each.shape) === numel(shape) && each.shape.length === rank) ?? a;
  const lead = rank - whole.shape.length;
  const order = [...shape.keys()].map((i) => (i < lead ? i : whole.order[i - lead] + lead));
  const [x, y] = [spread(r.b, a, order), spread(r.b, b, order)];
  const memory = order.map((axis) => shape[axis]);
  const [id] = r.b.op(binary, [x.id, y.id], { kind, views: [x.view, y.view], shape: memory });
  return { id, shape, order };
}

/** NumPy's broadcasting of two shapes that are known to fit. */
const broadcast = (a: readonly number[], b: readonly number[]): number[] => {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
};

/** Of two operands or more, from the left. */
export const combined =
  (kind: BinaryKind) =>
  (step: Step, r: Recording): Placed => {
    const [first, ...rest] = step.inputs.map((name) => r.operand(name));
    return rest.reduce((a, b) => combine(r, kind, a, b, broadcast(a.shape, b.shape)), first);
  };

/** By a weight for each channel that lies last: a convolution of each with one tap, into which a sum goes. */
function scaleChannel(r: Recording, { id, order, shape }: Placed, weight: Placed): Placed | undefined {
  const memory = r.b.shape(id);
  const channels = memory[memory.length - 1];
  const { view } = spread(r.b, weight, order);
  const isOfChannels = shape.length > 1 && channels > 1 && numel(weight.shape) === channels && view.at(-1) === channels;
  if (!isOfChannels) return undefined;
  const image = r.b.reshape(id, [memory[0], 1, numel(memory) / memory[0] / channels, channels]);
  const none = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], kernel: [1, 1] } as const;
  const attributes = { outChannels: channels, groups: channels, ...none, epilogue: noEpilogue };
  const [y] = r.b.op(conv2d, [image, weight.id], attributes);
  return { id: r.b.reshape(y, memory), order, shape };
}

/** By a weight for each channel. */
const scale: Emitter = (step, r, shape) => {
  const weight = step.inputs.findIndex((name) => r.hasWeight(name));
  if (step.inputs.length !== 2 || weight < 0) return undefined;
  const other = r.operand(step.inputs[1 - weight]);
  return sameShape(other.shape, shape) ? scaleChannel(r, other, r.operand(step.inputs[weight])) : undefined;
};

/** The value with these axes last, of the size of their product, and how to bring a result back. */
export function asLast(
  r: Recording,
  value: Placed,
  axes: readonly number[],
): { id: number; back: (id: number) => Placed } {
  const { shape } = value;
  if (axes.some((axis) => r.isBatch(axis))) unsupported("over the batch");
  const others = value.order.filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  const id = r.arranged(value, order);
  const memory = order.map((axis) => shape[axis]);
  const flat = [...others.map((axis) => shape[axis]), numel(axes.map((axis) => shape[axis]))];
  return { id: r.b.reshape(id, flat), back: (made) => ({ id: r.b.reshape(made, memory), order, shape }) };
}

/** Of one axis, or of all from one on. */
export const lastAxes = (step: Step, shape: readonly number[]): number[] => {
  const axis = numberOf(step.attributes, "axis");
  return step.attributes["toEnd"] ? identity(shape.length).slice(axis) : [axis];
};

const softmax: Emitter = (step, r, shape) => {
  const { id, back } = asLast(r, r.value(step.inputs[0]), lastAxes(step, shape));
  return back(step.op === "softmax" ? r.b.softmax(id) : r.b.logSoftmax(id));
};

/** Of a positive alpha. */
const positive =
  (kind: ActivationKind): Emitter =>
  (step, r, shape) =>
    numberOf(step.attributes, "alpha") > 0 ? activation(kind, "alpha")(step, r, shape) : undefined;

const softplus: Emitter = (step, r) => {
  const { id, order } = r.value(step.inputs[0]);
  return { id: r.b.activation(id, "softplus", 1), order };
};

export const shapeEmitters = (): Record<string, Emitter> => ({
  reshape,
  transpose,
  concat: concatenation,
  slice: part,
  mul: scale,
  prelu: combined("prelu"),
  softmax,
  logSoftmax: softmax,
  tanh: activation("tanh"),
  mish: activation("mish"),
  gelu: (step, r, shape) => activation(step.attributes["tanh"] ? "geluTanh" : "gelu")(step, r, shape),
  leakyRelu: positive("leakyRelu"),
  elu: positive("elu"),
  softplus,
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
