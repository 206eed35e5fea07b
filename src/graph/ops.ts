/**
 * The op table: what each op's attributes are, what shapes it makes and which inputs it may overwrite. Gradient rules
 * stand in `gradients.ts`, kernels in `src/program/encode`, definitions in float64 in `test/reference`.
 *
 * Rows and columns: ops on features take [..., features] and treat all leading dimensions as rows.
 */
import { gemmScratch } from "../core/gemm.js";
import { partialBytes } from "../core/partials.js";
import { numel, roundUp, type Shape } from "../core/shape.js";

export type ActivationName =
  | "relu"
  | "leakyRelu"
  | "gelu"
  | "geluTanh"
  | "silu"
  | "sigmoid"
  | "tanh"
  | "elu"
  | "hardswish";

/** `param` is the negative slope of leakyRelu or the alpha of elu, otherwise 0. */
export interface Activation {
  kind: ActivationName;
  param: number;
}

/** Whether the derivative of an activation is taken from its input or from its output. */
export const DERIVATIVE_FROM: Record<ActivationName, "input" | "output"> = {
  relu: "output",
  leakyRelu: "output",
  sigmoid: "output",
  tanh: "output",
  elu: "output",
  gelu: "input",
  geluTanh: "input",
  silu: "input",
  hardswish: "input",
};

/**
 * What a matrix product does before it stores: y = activation(x + bias + residual), or, with `derivative`,
 * y = (x + bias + residual) * activation'(source). The operands that are set follow the op's own inputs, in this order.
 */
export interface Epilogue {
  bias: boolean;
  residual: boolean;
  activation: Activation | null;
  derivative: boolean;
}

export const noEpilogue: Epilogue = { bias: false, residual: false, activation: null, derivative: false };

/** How a matrix product reads its weights: packed panels (an inserted `packB`), or rows in place for a few rows. */
export type GemmAlgorithm = "gemm" | "gemv";

/** Neighbouring parameters that share their hyper-parameters; `lrScale` multiplies the learning rate. */
export interface ParameterRun {
  first: number;
  count: number;
  lrScale: number;
}

export interface OpAttributes {
  reshape: { shape: Shape };
  linear: { epilogue: Epilogue; algorithm?: GemmAlgorithm };
  linearDx: { epilogue: Epilogue; features: number };
  linearDw: Record<string, never>;
  /** B [k, n], or [n, k] when transposed, into panels of 8 columns. */
  packB: { transposed: boolean };
  columnSum: Record<string, never>;
  activation: Activation;
  activationDx: Activation;
  add: { activation: Activation | null };
  /** One random draw decides `group` neighbouring elements; `stream` tells the dropouts of a network apart. */
  dropout: { p: number; group: number; stream: number };
  softmax: { log: boolean };
  softmaxDx: { log: boolean };
  layerNorm: { eps: number; affine: boolean };
  layerNormDx: { affine: boolean };
  layerNormDw: Record<string, never>;
  batchNormStats: { eps: number };
  batchNormRstd: { eps: number };
  /** `training`: the statistics are those of this very batch, so the gradient flows through them. */
  batchNorm: { affine: boolean; residual: boolean; activation: Activation | null; training: boolean };
  batchNormDx: { affine: boolean; training: boolean };
  batchNormDw: Record<string, never>;
  batchNormUpdate: { momentum: number; rows: number };
  crossEntropy: { probabilities: boolean; smoothing: number };
  crossEntropyDx: { probabilities: boolean; smoothing: number };
  regressionLoss: { kind: "mse" | "bceWithLogits" | "huber"; param: number };
  regressionLossDx: { kind: "mse" | "bceWithLogits" | "huber"; param: number };
  /** The norm of all `count` gradients, the clipping factor, and the check that both loss and gradients are finite. */
  gradNorm: { maxNorm: number; loss: boolean; count: number };
  /** Optimiser steps over `count` parameters that stand side by side in memory, from parameter `first` on. */
  sgd: ParameterRun & { momentum: number; dampening: number; weightDecay: number; nesterov: boolean };
  adam: ParameterRun & { beta1: number; beta2: number; eps: number; weightDecay: number; decoupled: boolean };
  ema: { decay: number };
}

export type OpName = keyof OpAttributes;

export interface OpRule<K extends OpName> {
  /** Shapes of all outputs. */
  shapes(inputs: Shape[], attributes: OpAttributes[K]): Shape[];
  /** Inputs whose buffer the first output may take over when nobody reads them afterwards. */
  inPlace?: (attributes: OpAttributes[K]) => number[];
  /** Inputs that the op writes to. */
  writes?: number[];
  /** Bytes of memory that all threads share while the op runs (partial sums). */
  workspace?: (inputs: Shape[], attributes: OpAttributes[K]) => number;
  /** Bytes of memory of its own that each thread needs while the op runs. */
  scratch?: (inputs: Shape[], attributes: OpAttributes[K]) => number;
}

const last = (shape: Shape): number => shape[shape.length - 1];
const rows = (shape: Shape): number => numel(shape) / last(shape);

/** Positions of the epilogue's operands among a node's inputs, the op's own inputs being the first `own`. */
export function epilogueInputs(epilogue: Epilogue, own: number): { bias: number; residual: number; source: number } {
  let next = own;
  const bias = epilogue.bias ? next++ : -1;
  const residual = epilogue.residual ? next++ : -1;
  const source = epilogue.derivative ? next++ : -1;
  return { bias, residual, source };
}

function epilogueInPlace(epilogue: Epilogue, own: number): number[] {
  const { residual, source } = epilogueInputs(epilogue, own);
  return [residual, source].filter((i) => i >= 0);
}

export const OPS: { [K in OpName]: OpRule<K> } = {
  reshape: { shapes: (_, { shape }) => [shape] },
  linear: {
    // x [..., k] · w [n, k]^T
    shapes: ([x, w]) => [[...x.slice(0, -1), w[0]]],
    scratch: ([x]) => gemmScratch(rows(x), last(x)),
    inPlace: ({ epilogue }) => epilogueInPlace(epilogue, 2),
  },
  linearDx: {
    // dy [..., n] · w [n, k]; `features` = k, because w may be packed
    shapes: ([dy], { features }) => [[...dy.slice(0, -1), features]],
    scratch: ([dy]) => gemmScratch(rows(dy), last(dy)),
    inPlace: ({ epilogue }) => epilogueInPlace(epilogue, 2),
  },
  linearDw: {
    shapes: ([dy, x]) => [[last(dy), last(x)]], // dy^T · x
    scratch: ([dy]) => gemmScratch(last(dy), rows(dy)),
  },
  packB: {
    shapes: ([b], { transposed }) => {
      const [k, n] = transposed ? [last(b), rows(b)] : [rows(b), last(b)];
      return [[roundUp(n, 8) / 8, k, 8]];
    },
  },
  columnSum: { shapes: ([x]) => [[last(x)]], workspace: ([x]) => partialBytes.columnSum(rows(x), last(x)) },
  activation: { shapes: ([x]) => [x], inPlace: () => [0] },
  activationDx: { shapes: ([dy]) => [dy], inPlace: () => [0, 1] },
  add: { shapes: ([a]) => [a], inPlace: () => [0, 1] },
  dropout: { shapes: ([x]) => [x], inPlace: () => [0] },
  softmax: { shapes: ([x]) => [x], inPlace: () => [0] },
  softmaxDx: { shapes: ([dy]) => [dy], inPlace: () => [0] },
  layerNorm: { shapes: ([x]) => [x, [rows(x)], [rows(x)]] }, // y, mean, rstd
  layerNormDx: { shapes: ([dy]) => [dy] },
  layerNormDw: {
    shapes: ([dy]) => [[last(dy)], [last(dy)]], // dgamma, dbeta
    workspace: ([dy]) => partialBytes.layerNormDw(rows(dy), last(dy)),
  },
  batchNormStats: {
    shapes: ([x]) => [[last(x)], [last(x)], [last(x)]], // mean, biased variance, rstd
    workspace: ([x]) => partialBytes.batchNormStats(rows(x), last(x)),
  },
  batchNormRstd: { shapes: ([variance]) => [variance] },
  batchNorm: {
    // x, mean, rstd, [gamma, beta], [residual]
    shapes: ([x]) => [x],
    inPlace: ({ affine, residual }) => (residual ? [affine ? 5 : 3, 0] : [0]),
  },
  batchNormDx: { shapes: ([dy]) => [dy], inPlace: () => [0] },
  batchNormDw: {
    shapes: ([dy]) => [[last(dy)], [last(dy)]], // dgamma, dbeta
    workspace: ([dy]) => partialBytes.batchNormDw(rows(dy), last(dy)),
  },
  batchNormUpdate: { shapes: () => [], writes: [2, 3, 4] }, // mean, variance, runningMean, runningVar, batches
  crossEntropy: {
    shapes: ([logits]) => [[], [rows(logits)]], // loss, log-sum-exp of each row
    workspace: ([logits]) => partialBytes.crossEntropy(rows(logits)),
  },
  crossEntropyDx: { shapes: ([logits]) => [logits], inPlace: () => [0] },
  regressionLoss: { shapes: () => [[]], workspace: ([x]) => partialBytes.regressionLoss(numel(x)) },
  regressionLossDx: { shapes: ([x]) => [x], inPlace: () => [0] },
  gradNorm: { shapes: () => [], workspace: (_, { count }) => partialBytes.gradNorm(count) },
  sgd: { shapes: () => [] },
  adam: { shapes: () => [] },
  ema: { shapes: () => [] },
};
