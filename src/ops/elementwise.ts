/** Ops that treat each element by itself, or each element with its neighbour in another tensor of the same shape. */
import { SCALARS } from "../abi/scalars.js";
import type { Activation, ActivationKind, Gradient, Op } from "../graph/op.js";
import { activationCode } from "./epilogue.js";

/** y = g(x) */
export const activation: Op<Activation> = {
  name: "activation",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  asEpilogue: (activation) => ({ kind: "activation", activation, through: [0] }),
  givesProbabilities: ({ kind }) => kind === "sigmoid",
  encode: (node, c) => c.emit("f32_activation", node, "x", "y", activationCode(node.attributes)),
};

/** Whether the derivative of an activation is taken from its input or from its output. */
const DERIVATIVE_FROM: Record<ActivationKind, "input" | "output"> = {
  relu: "output",
  leakyRelu: "output",
  sigmoid: "output",
  tanh: "output",
  elu: "output",
  gelu: "input",
  geluTanh: "input",
  silu: "input",
  hardswish: "input",
  relu6: "output",
  hardsigmoid: "output",
  mish: "input",
  softplus: "input",
};

// y = g(x):  dx = dy * g'(x)
const activationGradient: Gradient<Activation> = {
  of: activation,
  rule({ node, dy, emit }) {
    const source = DERIVATIVE_FROM[node.attributes.kind] === "output" ? node.outputs[0] : node.inputs[0];
    return [emit(activationDx, [dy, source], node.attributes)[0]];
  },
};

const activationDx: Op<Activation> = {
  name: "activationDx",
  shapes: ([dy]) => [dy],
  inPlace: () => [0, 1],
  asEpilogue: (activation) => ({ kind: "derivative", activation, through: [0] }),
  encode: (node, c) => c.emit("f32_activation_dx", node, "dy source", "dx", activationCode(node.attributes)),
};

export interface Add {
  activation: Activation | null;
}

/** y = g(a + b) */
export const add: Op<Add> = {
  name: "add",
  shapes: ([a]) => [a],
  inPlace: () => [0, 1],
  asEpilogue: ({ activation }) => (activation ? null : { kind: "residual", through: [0, 1] }),
  absorb: ({ activation }, part) => (activation || part.kind !== "activation" ? null : { activation: part.activation }),
  encode: (node, c) => c.emit("f32_add", node, "a b", "y", activationCode(node.attributes.activation)),
};

// y = a + b: the skip connection hands its gradient to both branches unchanged
const addGradient: Gradient<Add> = { of: add, rule: ({ dy }) => [dy, dy] };

/**
 * One random draw decides `group` neighbouring elements; `stream` tells the dropouts of a network apart. `sample` elements of
 * the batch are of one sample: those of a part of a batch are counted from its first. 0: the whole batch has one draw.
 */
export interface Dropout {
  p: number;
  group: number;
  sample: number;
  stream: number;
}

/** y = x * mask / (1 - p) */
export const dropout: Op<Dropout> = {
  name: "dropout",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  encode: (node, c) => c.emit("f32_dropout", node, "x", "y", { rng: SCALARS.rng }),
};

// y = x * mask / (1 - p): dx = dy * mask / (1 - p); the mask is drawn again from the same counter
const dropoutGradient: Gradient<Dropout> = {
  of: dropout,
  rule: ({ node, dy, emit }) => [emit(dropout, [dy], node.attributes)[0]],
};

/** y = x * s: [n, h, w, c] times a factor for each image and channel, [n, 1, 1, c]. */
export const scaleChannels: Op = {
  name: "scaleChannels",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  encode(node, c) {
    const [, h, w] = c.shape(node, 0);
    c.emit("f32_scale_channels", node, "x s", "y", { pixels: h * w });
  },
};

// y = x * s:  dx = dy * s,  ds = sum over pixels of dy * x
const scaleChannelsGradient: Gradient = {
  of: scaleChannels,
  rule({ node, dy, needs, emit }) {
    const [x, s] = node.inputs;
    const dx = needs[0] ? emit(scaleChannels, [dy, s], {})[0] : null;
    return [dx, needs[1] ? emit(scaleChannelsDw, [dy, x], {})[0] : null];
  },
};

const scaleChannelsDw: Op = {
  name: "scaleChannelsDw",
  shapes: ([dy]) => [[dy[0], 1, 1, dy[3]]],
  encode(node, c) {
    const [, h, w] = c.shape(node, 0);
    c.emit("f32_scale_channels_dw", node, "dy x", "ds", { pixels: h * w });
  },
};

export const elementwiseGradients = [activationGradient, addGradient, dropoutGradient, scaleChannelsGradient];
