/**
 * The op table: what shapes each op makes, which inputs it may overwrite and how much room it works in. Attributes stand
 * in `attributes.ts`, gradient rules in `gradients.ts`, kernels in `src/program/encode`, definitions in float64 in
 * `test/support/reference`.
 *
 * Rows and columns: ops on features take [..., features] and treat all leading dimensions as rows.
 */
import { gemmScratch } from "../abi/gemm.js";
import { partialBytes } from "../abi/partials.js";
import { numel, roundUp, type Shape } from "../core/shape.js";
import { epilogueInPlace, type OpName, type OpRule } from "./attributes.js";
import { IMAGE_OPS } from "./image-ops.js";

export * from "./attributes.js";

const last = (shape: Shape): number => shape[shape.length - 1];
const rows = (shape: Shape): number => numel(shape) / last(shape);

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
  ...IMAGE_OPS,
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
  optimizerStep: { shapes: () => [] },
  ema: { shapes: () => [] },
};
