/** The encoders of all ops: those of a prediction, and those of gradients, losses and optimisers. */

import { REGRESSION_LOSSES } from "../abi/enums.js";
import { SCALARS } from "../abi/scalars.js";
import { noEpilogue, type OpName } from "../graph/ops.js";
import { differentiate } from "../plan/autodiff.js";
import { code, type Encoder, epilogueCode, last, rows, withEpilogue } from "./context.js";
import type { OpSet } from "./encode.js";
import { IMAGE_GRADIENT_ENCODERS } from "./encode-image-gradients.js";
import { INFERENCE_ENCODERS } from "./encode-inference.js";

const TRAINING_ENCODERS = {
  ...INFERENCE_ENCODERS,
  ...IMAGE_GRADIENT_ENCODERS,
  linearDx: (node, c) => {
    const { epilogue, features: n } = node.attributes;
    const dy = c.shape(node, 0);
    const k = last(dy);
    const sizes = { m: rows(dy), n, k, lda: k, aTransposed: 0, ldc: n, ldr: n, lds: n };
    c.emit("f32_gemm", node, withEpilogue("a b", epilogue), "c", { ...sizes, ...epilogueCode(epilogue) });
  },
  linearDw: (node, c) => {
    const dy = c.shape(node, 0);
    const [m, n] = [last(dy), last(c.graph.shape(node.outputs[0]))];
    const sizes = { m, n, k: rows(dy), lda: m, aTransposed: 1, ldc: n, ldr: n, lds: n };
    c.emit("f32_gemm", node, withEpilogue("a b", noEpilogue), "c", { ...sizes, ...epilogueCode(noEpilogue) });
  },
  columnSum: (node, c) => c.emit("f32_column_sum", node, "x", "y"),
  activationDx: (node, c) => c.emit("f32_activation_dx", node, "dy source", "dx", code(node.attributes)),
  dropout: (node, c) => c.emit("f32_dropout", node, "x", "y", { rng: SCALARS.rng }),
  softmaxDx: (node, c) => c.emit("f32_softmax_dx", node, "dy y", "dx"),
  layerNormDx: (node, c) => c.emit("f32_layer_norm_dx", node, "dy x mean rstd gamma", "dx"),
  layerNormDw: (node, c) => c.emit("f32_layer_norm_dw", node, "dy x mean rstd", "dgamma dbeta"),
  batchNormStats: (node, c) => c.emit("f32_batch_norm_stats", node, "x", "mean variance rstd"),
  batchNormDw: (node, c) => c.emit("f32_batch_norm_dw", node, "dy x mean rstd", "dgamma dbeta"),
  // Fixed statistics: dx depends on dy alone, and what is not there is 0.
  batchNormDx: (node, c) => {
    const inputs = node.attributes.affine ? "dy rstd gamma x mean dgamma dbeta" : "dy rstd x mean dgamma dbeta";
    c.emit("f32_batch_norm_dx", node, inputs, "dx");
  },
  batchNormUpdate: (node, c) =>
    c.emit("f32_batch_norm_update", node, "mean variance runningMean runningVar batches", ""),
  crossEntropy: (node, c) => c.emit("f32_cross_entropy", node, "logits target", "loss lse"),
  crossEntropyDx: (node, c) => c.emit("f32_cross_entropy_dx", node, "logits target lse", "dx"),
  regressionLoss: (node, c) =>
    c.emit("f32_regression_loss", node, "x target", "loss", { kind: REGRESSION_LOSSES[node.attributes.kind] }),
  regressionLossDx: (node, c) =>
    c.emit("f32_regression_loss_dx", node, "x target", "dx", { kind: REGRESSION_LOSSES[node.attributes.kind] }),
  gradNorm: (node, c) => {
    const { norm, scale, status } = SCALARS;
    const { g, n } = c.at.all;
    // With everything frozen there are no gradients.
    c.emit("f32_grad_norm", node, "loss", "", { g, n: g ? n : 0, norm, scale, status });
    c.emit("guard", node, "", "", { status });
  },
  optimizerStep: (node, c) => {
    const { kernel, first, count, state: names, args } = node.attributes;
    const { state, ...run } = c.at.run(first, count);
    const kept = Object.fromEntries(Object.entries(names).map(([argument, name]) => [argument, state(name)]));
    const { lr, scale } = SCALARS;
    c.record(kernel, { ...run, lr, scale, ...kept, ...args });
  },
  ema: (node, c) => c.emit("f32_ema", node, "", "", { ...c.at.all, rate: 1 - node.attributes.decay }),
} satisfies { [K in OpName]: Encoder<K> };

/** Predictions, gradients and training. */
export const TRAINING: OpSet = { encoders: TRAINING_ENCODERS, differentiate };
