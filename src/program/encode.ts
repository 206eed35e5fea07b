/** Encodes a plan: one record, or a few, for each op, with the addresses that the runtime has laid out. */
import { numel } from "../core/shape.js";
import type { AnyNode, Node } from "../graph/graph.js";
import { noEpilogue, type OpName } from "../graph/ops.js";
import type { Plan } from "../plan/plan.js";
import { encodeRecord, REGRESSION_LOSSES, SCALARS } from "./abi.js";
import {
  type Addresses,
  type Context,
  code,
  type Encoder,
  epilogueArguments,
  last,
  rows,
  runOf,
  scratchOf,
} from "./context.js";
import { IMAGE_ENCODERS } from "./encode-image.js";

export interface Program {
  words: Int32Array;
  /** Word position of each op's first record: those of `prepare`, then those of the step. */
  starts: number[];
  /** Word positions: prepare is [0, prepare), then the stages of a step. */
  prepare: number;
  forward: number;
  backward: number;
  update: number;
}

export function encode(plan: Plan, at: Addresses): Program {
  const { graph } = plan;
  const words: number[] = [];
  const starts: number[] = [];
  const context: Context = {
    graph,
    at,
    input: (node, i) => (i < 0 ? 0 : at.value(node.inputs[i])),
    output: (node, i = 0) => at.value(node.outputs[i]),
    shape: (node, i) => graph.shape(node.inputs[i]),
    emit: (kernel, args) => encodeRecord(words, kernel, args),
  };
  const encodeNodes = (nodes: readonly AnyNode[]) => {
    for (const node of nodes) {
      starts.push(words.length);
      (ENCODERS[node.op] as Encoder<OpName>)(node as Node, context);
    }
    return words.length;
  };
  const stage = (name: AnyNode["stage"]) => encodeNodes(plan.step.filter((node) => node.stage === name));
  const prepare = encodeNodes(plan.prepare);
  const forward = stage("forward");
  const backward = stage("backward");
  const update = stage("update");
  return { words: Int32Array.from(words), starts, prepare, forward, backward, update };
}

const ENCODERS = {
  ...IMAGE_ENCODERS,
  reshape: () => {},
  linear: (node, c) => {
    const x = c.shape(node, 0);
    const k = last(x);
    const n = last(c.graph.shape(node.outputs[0]));
    const common = { m: rows(x), n, k, ...epilogueArguments(node, 2, n, node.attributes.epilogue, c) };
    if (node.attributes.algorithm === "gemv")
      c.emit("f32_gemv", {
        w: c.input(node, 1),
        ldw: k,
        x: c.input(node, 0),
        ldx: k,
        y: c.output(node),
        ldy: n,
        ...common,
        ...scratchOf(c),
      });
    else
      c.emit("f32_gemm", {
        a: c.input(node, 0),
        lda: k,
        aTransposed: 0,
        b: c.input(node, 1),
        c: c.output(node),
        ldc: n,
        ...common,
        ...scratchOf(c),
      });
  },
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
  packB: (node, c) => {
    const b = c.shape(node, 0);
    const { transposed } = node.attributes;
    const [k, n] = transposed ? [last(b), rows(b)] : [rows(b), last(b)];
    c.emit("f32_pack_b", {
      src: c.input(node, 0),
      dst: c.output(node),
      k,
      n,
      ld: last(b),
      transposed: Number(transposed),
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
  activation: (node, c) => {
    c.emit("f32_activation", {
      x: c.input(node, 0),
      y: c.output(node),
      n: numel(c.shape(node, 0)),
      ...code(node.attributes),
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
  add: (node, c) => {
    const n = numel(c.shape(node, 0));
    c.emit("f32_add", {
      a: c.input(node, 0),
      b: c.input(node, 1),
      y: c.output(node),
      n,
      ...code(node.attributes.activation),
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
  softmax: (node, c) => {
    const x = c.shape(node, 0);
    c.emit("f32_softmax", {
      x: c.input(node, 0),
      y: c.output(node),
      rows: rows(x),
      cols: last(x),
      log: Number(node.attributes.log),
    });
  },
  softmaxDx: (node, c) => {
    const x = c.shape(node, 0);
    const args = { dy: c.input(node, 0), y: c.input(node, 1), dx: c.output(node) };
    c.emit("f32_softmax_dx", { ...args, rows: rows(x), cols: last(x), log: Number(node.attributes.log) });
  },
  layerNorm: (node, c) => {
    const x = c.shape(node, 0);
    const { affine, eps } = node.attributes;
    const weights = { gamma: c.input(node, affine ? 1 : -1), beta: c.input(node, affine ? 2 : -1) };
    const outputs = { y: c.output(node), mean: c.output(node, 1), rstd: c.output(node, 2) };
    c.emit("f32_layer_norm", { x: c.input(node, 0), ...weights, ...outputs, rows: rows(x), cols: last(x), eps });
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
  batchNormRstd: (node, c) => {
    const { eps } = node.attributes;
    c.emit("f32_batch_norm_rstd", {
      variance: c.input(node, 0),
      rstd: c.output(node),
      channels: numel(c.shape(node, 0)),
      eps,
    });
  },
  batchNorm: (node, c) => {
    const x = c.shape(node, 0);
    const { affine, residual, activation } = node.attributes;
    const weights = { gamma: c.input(node, affine ? 3 : -1), beta: c.input(node, affine ? 4 : -1) };
    const args = { x: c.input(node, 0), mean: c.input(node, 1), rstd: c.input(node, 2), ...weights };
    const skip = residual ? c.input(node, affine ? 5 : 3) : 0;
    c.emit("f32_batch_norm", {
      ...args,
      residual: skip,
      y: c.output(node),
      rows: rows(x),
      channels: last(x),
      ...code(activation),
    });
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
