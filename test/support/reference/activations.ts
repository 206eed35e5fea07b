/** Activations and their derivatives, both as functions of the input, in float64. */
import type { ActivationName } from "../../../src/abi/enums.js";
import { erf, normalCdf, sigmoid } from "./special.js";

interface Definition {
  /** y = g(x); `p` is the slope of leakyRelu, the alpha of elu or the beta of softplus. */
  y: (x: number, p: number) => number;
  dx: (x: number, p: number) => number;
}

const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerDx = (x: number): number => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);

export const activations: Record<ActivationName, Definition> = {
  none: { y: (x) => x, dx: () => 1 },
  relu: { y: (x) => Math.max(x, 0), dx: (x) => (x <= 0 ? 0 : 1) },
  leakyRelu: { y: (x, p) => (x > 0 ? x : p * x), dx: (x, p) => (x > 0 ? 1 : p) },
  gelu: { y: (x) => x * 0.5 * (1 + erf(x / Math.SQRT2)), dx: (x) => normalCdf(x) + x * normalDensity(x) },
  geluTanh: {
    y: (x) => 0.5 * x * (1 + Math.tanh(inner(x))),
    dx: (x) => 0.5 * (1 + Math.tanh(inner(x))) + 0.5 * x * (1 - Math.tanh(inner(x)) ** 2) * innerDx(x),
  },
  silu: { y: (x) => x * sigmoid(x), dx: (x) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)) },
  sigmoid: { y: sigmoid, dx: (x) => sigmoid(x) * (1 - sigmoid(x)) },
  tanh: { y: Math.tanh, dx: (x) => 1 - Math.tanh(x) ** 2 },
  elu: { y: (x, p) => (x > 0 ? x : p * Math.expm1(x)), dx: (x, p) => (x > 0 ? 1 : p * Math.exp(x)) },
  hardswish: {
    y: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    dx: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  },
  relu6: { y: (x) => Math.min(Math.max(x, 0), 6), dx: (x) => (x <= 0 || x >= 6 ? 0 : 1) },
  hardsigmoid: {
    y: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    dx: (x) => (x <= -3 || x >= 3 ? 0 : 1 / 6),
  },
  mish: {
    y: (x) => x * Math.tanh(softplus(x)),
    dx: (x) => Math.tanh(softplus(x)) + x * (1 - Math.tanh(softplus(x)) ** 2) * sigmoid(x),
  },
  softplus: { y: (x, p) => softplus(p * x) / p, dx: (x, p) => sigmoid(p * x) },
};

/** Those whose kernels take the derivative from the output. */
export const FROM_OUTPUT: ActivationName[] = ["relu", "leakyRelu", "sigmoid", "tanh", "elu", "relu6", "hardsigmoid"];

export const ACTIVATION_NAMES = Object.keys(activations) as ActivationName[];
