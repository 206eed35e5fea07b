/** The ops by name, with their attributes, and what a rule has to say about each. */
import type { UpdateKernel } from "../abi/records.js";
import type { Shape } from "../core/shape.js";

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

/** A 2-D convolution of [n, h, w, c] with OHWI weights; pairs are [vertical, horizontal]. */
export interface Convolution {
  outChannels: number;
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  dilation: readonly [number, number];
  groups: number;
}

/** `direct`: implicit GEMM; `winograd`: F(4x4, 3x3); `depthwise`: one filter a channel, weights in place. */
export type ConvAlgorithm = "direct" | "winograd" | "depthwise";

/** A pooling window; `output` is [oh, ow]. */
export interface Pool {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  output: readonly [number, number];
}

export interface OpAttributes {
  reshape: { shape: Shape };
  linear: { epilogue: Epilogue; algorithm?: GemmAlgorithm };
  linearDx: { epilogue: Epilogue; features: number };
  linearDw: Record<string, never>;
  /** B [k, n], or [n, k] when transposed, into panels of 8 columns. */
  packB: { transposed: boolean };
  conv2d: Convolution & { epilogue: Epilogue; algorithm?: ConvAlgorithm };
  /** `input`: [h, w, c] of the forward op's input. */
  conv2dDx: Convolution & { input: readonly [number, number, number]; epilogue: Epilogue; algorithm?: ConvAlgorithm };
  conv2dDw: Convolution & { algorithm?: ConvAlgorithm };
  /** Weights in the form in which `conv2d` or `conv2dDx` reads them by an algorithm. */
  conv2dFilter: Convolution & { input: readonly [number, number, number]; dx: boolean; algorithm: ConvAlgorithm };
  /** Scales and shifts weights and bias by an evaluated BatchNorm that follows: one product instead of two ops. */
  foldBatchNorm: { bias: boolean; affine: boolean };
  columnSum: Record<string, never>;
  activation: Activation;
  activationDx: Activation;
  add: { activation: Activation | null };
  /** One random draw decides `group` neighbouring elements; `stream` tells the dropouts of a network apart. */
  dropout: { p: number; group: number; stream: number };
  softmax: { log: boolean };
  softmaxDx: { log: boolean };
  maxPool2d: Pool & { dilation: readonly [number, number] };
  maxPool2dDx: Pool & { dilation: readonly [number, number]; input: readonly [number, number, number] };
  avgPool2d: Pool & { countIncludePad: boolean };
  avgPool2dDx: Pool & { countIncludePad: boolean; input: readonly [number, number, number] };
  adaptiveAvgPool2d: { output: readonly [number, number] };
  adaptiveAvgPool2dDx: { input: readonly [number, number, number] };
  /** Every stride-th pixel, with `front` and `back` channels of zeros added. */
  padShortcut: { stride: number; front: number; back: number };
  padShortcutDx: { stride: number; front: number; back: number; input: readonly [number, number, number] };
  /** [n, h, w, c] times a factor for each image and channel, [n, 1, 1, c]. */
  scaleChannels: Record<string, never>;
  /** Gradient of the factors: the sum of dy · x over pixels. */
  scaleChannelsDw: Record<string, never>;
  /** [n, h, w, c] → [n, c, h, w], or back: PyTorch flattens images channels first. */
  transposeChannels: { toFirst: boolean };
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
  /**
   * An optimiser's kernel over `count` parameters that stand side by side in memory, from parameter `first` on. `state`
   * says which argument is which of the optimiser's state, by name.
   */
  optimizerStep: {
    kernel: UpdateKernel;
    first: number;
    count: number;
    state: Readonly<Record<string, string>>;
    args: Readonly<Record<string, number>>;
  };
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

/** Positions of the epilogue's operands among a node's inputs, the op's own inputs being the first `own`. */
export function epilogueInputs(epilogue: Epilogue, own: number): { bias: number; residual: number; source: number } {
  let next = own;
  const bias = epilogue.bias ? next++ : -1;
  const residual = epilogue.residual ? next++ : -1;
  const source = epilogue.derivative ? next++ : -1;
  return { bias, residual, source };
}

export function epilogueInPlace(epilogue: Epilogue, own: number): number[] {
  const { residual, source } = epilogueInputs(epilogue, own);
  return [residual, source].filter((i) => i >= 0);
}
