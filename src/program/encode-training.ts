/** The encoders of all ops: those of a prediction, and those of gradients, losses and optimisers. */
import { numel } from "../core/shape.js";
import { noEpilogue, type OpName } from "../graph/ops.js";
import { differentiate } from "../plan/autodiff.js";
import { REGRESSION_LOSSES, SCALARS } from "./abi.js";
import { code, type Encoder, epilogueArguments, last, rows, runOf, scratchOf } from "./context.js";
import type { OpSet } from "./encode.js";
import { IMAGE_GRADIENT_ENCODERS } from "./encode-image-gradients.js";
import { INFERENCE_ENCODERS } from "./encode-inference.js";

const TRAINING_ENCODERS = {
  ...INFERENCE_ENCODERS,
  ...IMAGE_GRADIENT_ENCODERS,
  linearDx: (node, c) => {
    const dy = c.shape(node, 0);
    const { features: n } = node.attributes;
    const args = { a: c.input(node, 0), lda: last(dy), aTransposed: 0, b: c.input(node, 1), c: c.output(node), ldc: n };
    c.emit("f32_gemm", {
      ...args,
      m: rows(dy),
      n,
      k: last(dy),
      ...epilogueArguments(node, 2, n, node.attributes.epilogue, c),
      ...scratchOf(c),
    });
  },
  linearDw: (node, c) => {
    const dy = c.shape(node, 0);
    const n = last(c.graph.shape(node.outputs[0]));
    const args = { a: c.input(node, 0), lda: last(dy), aTransposed: 1, b: c.input(node, 1), c: c.output(node), ldc: n };
    c.emit("f32_gemm", {
      ...args,
      m: last(dy),
      n,
      k: rows(dy),
      ...epilogueArguments(node, 2, n, noEpilogue, c),
      ...scratchOf(c),
    });
  },
  columnSum: (node, c) => {
    const x = c.shape(node, 0);
    c.emit("f32_column_sum", {
      x: c.input(node, 0),
      y: c.output(node),
      rows: rows(x),
      cols: last(x),
      partial: c.at.workspace,
    });
  },
  activationDx: (node, c) => {
    const n = numel(c.shape(node, 0));
    c.emit("f32_activation_dx", {
      dy: c.input(node, 0),
      source: c.input(node, 1),
      dx: c.output(node),
      n,
      ...code(node.attributes),
    });
  },
  dropout: (node, c) => {
    const { p, group, stream } = node.attributes;
    c.emit("f32_dropout", {
      x: c.input(node, 0),
      y: c.output(node),
      n: numel(c.shape(node, 0)),
      group,
      p,
      stream,
      rng: SCALARS.rng,
    });
  },
  softmaxDx: (node, c) => {
    const x = c.shape(node, 0);
    const args = { dy: c.input(node, 0), y: c.input(node, 1), dx: c.output(node) };
    c.emit("f32_softmax_dx", { ...args, rows: rows(x), cols: last(x), log: Number(node.attributes.log) });
  },
  layerNormDx: (node, c) => {
    const x = c.shape(node, 0);
    const gamma = c.input(node, node.attributes.affine ? 4 : -1);
    const args = { dy: c.input(node, 0), x: c.input(node, 1), mean: c.input(node, 2), rstd: c.input(node, 3) };
    c.emit("f32_layer_norm_dx", { ...args, gamma, dx: c.output(node), rows: rows(x), cols: last(x) });
  },
  layerNormDw: (node, c) => {
    const x = c.shape(node, 0);
    const args = { dy: c.input(node, 0), x: c.input(node, 1), mean: c.input(node, 2), rstd: c.input(node, 3) };
    const outputs = { dgamma: c.output(node), dbeta: c.output(node, 1) };
    c.emit("f32_layer_norm_dw", { ...args, ...outputs, rows: rows(x), cols: last(x), partial: c.at.workspace });
  },
  batchNormStats: (node, c) => {
    const x = c.shape(node, 0);
    const outputs = { mean: c.output(node), variance: c.output(node, 1), rstd: c.output(node, 2) };
    const sizes = { rows: rows(x), channels: last(x), eps: node.attributes.eps };
    c.emit("f32_batch_norm_stats", { x: c.input(node, 0), ...outputs, ...sizes, partial: c.at.workspace });
  },
  batchNormDw: (node, c) => {
    const x = c.shape(node, 0);
    const args = { dy: c.input(node, 0), x: c.input(node, 1), mean: c.input(node, 2), rstd: c.input(node, 3) };
    const outputs = { dgamma: c.output(node), dbeta: c.output(node, 1) };
    c.emit("f32_batch_norm_dw", {
      ...args,
      ...outputs,
      rows: rows(x),
      channels: last(x),
      partial: c.at.workspace,
    });
  },
  batchNormDx: (node, c) => {
    const x = c.shape(node, 0);
    const { affine, training } = node.attributes;
    // Fixed statistics: dx depends on dy alone, and what is not there is 0.
    const at = (i: number) => c.input(node, training ? (affine ? 3 : 2) + i : -1);
    c.emit("f32_batch_norm_dx", {
      dy: c.input(node, 0),
      rstd: c.input(node, 1),
      gamma: c.input(node, affine ? 2 : -1),
      x: at(0),
      mean: at(1),
      dgamma: at(2),
      dbeta: at(3),
      dx: c.output(node),
      rows: rows(x),
      channels: last(x),
    });
  },
  batchNormUpdate: (node, c) => {
    const [mean, variance, runningMean, runningVar, batches] = node.inputs.map((id) => c.at.value(id));
    const channels = numel(c.shape(node, 0));
    c.emit("f32_batch_norm_update", { mean, variance, runningMean, runningVar, batches, channels, ...node.attributes });
  },
  crossEntropy: (node, c) => {
    const logits = c.shape(node, 0);
    const { probabilities, smoothing } = node.attributes;
    const args = { logits: c.input(node, 0), target: c.input(node, 1), rows: rows(logits), cols: last(logits) };
    const outputs = { loss: c.output(node), lse: c.output(node, 1), partial: c.at.workspace };
    c.emit("f32_cross_entropy", { ...args, probabilities: Number(probabilities), smoothing, ...outputs });
  },
  crossEntropyDx: (node, c) => {
    const logits = c.shape(node, 0);
    const { probabilities, smoothing } = node.attributes;
    const args = { logits: c.input(node, 0), target: c.input(node, 1), lse: c.input(node, 2), dx: c.output(node) };
    c.emit("f32_cross_entropy_dx", {
      ...args,
      rows: rows(logits),
      cols: last(logits),
      probabilities: Number(probabilities),
      smoothing,
    });
  },
  regressionLoss: (node, c) => {
    const { kind, param } = node.attributes;
    const args = {
      x: c.input(node, 0),
      target: c.input(node, 1),
      n: numel(c.shape(node, 0)),
      kind: REGRESSION_LOSSES[kind],
      param,
    };
    c.emit("f32_regression_loss", { ...args, loss: c.output(node), partial: c.at.workspace });
  },
  regressionLossDx: (node, c) => {
    const { kind, param } = node.attributes;
    const args = { x: c.input(node, 0), target: c.input(node, 1), dx: c.output(node) };
    c.emit("f32_regression_loss_dx", { ...args, n: numel(c.shape(node, 0)), kind: REGRESSION_LOSSES[kind], param });
  },
  gradNorm: (node, c) => {
    const { g, n } = c.at.all;
    const loss = node.attributes.loss ? c.input(node, 0) : 0;
    const outputs = { norm: SCALARS.norm, scale: SCALARS.scale, status: SCALARS.status, partial: c.at.workspace };
    c.emit("f32_grad_norm", { g, n, maxNorm: node.attributes.maxNorm, loss, ...outputs });
    c.emit("guard", { status: SCALARS.status });
  },
  sgd: ({ attributes }, c) => {
    const { momentum, weightDecay, nesterov, dampening } = attributes;
    const { w, g, state0, n, ...rest } = runOf(c, attributes);
    const hyper = { momentum, weightDecay, nesterov: Number(nesterov), dampening: dampening ? SCALARS.dampening : 0 };
    c.emit("f32_sgd", {
      w,
      g,
      v: momentum ? state0 : 0,
      n,
      lr: rest.lr,
      lrScale: rest.lrScale,
      scale: rest.scale,
      ...hyper,
    });
  },
  adam: ({ attributes }, c) => {
    const { beta1, beta2, eps, weightDecay, decoupled } = attributes;
    const { w, g, state0, state1, n, lr, lrScale, scale } = runOf(c, attributes);
    const hyper = {
      rate1: 1 - beta1,
      rate2: 1 - beta2,
      eps,
      weightDecay,
      decoupled: Number(decoupled),
      correction: SCALARS.correction,
    };
    c.emit("f32_adam", { w, g, m: state0, v: state1, n, lr, lrScale, scale, ...hyper });
  },
  ema: (node, c) => {
    const { w, ema, n } = c.at.all;
    c.emit("f32_ema", { w, ema, n, rate: 1 - node.attributes.decay });
  },
} satisfies { [K in OpName]: Encoder<K> };

/** Predictions, gradients and training. */
export const TRAINING: OpSet = { encoders: TRAINING_ENCODERS, differentiate };
