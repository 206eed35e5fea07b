/** BatchNorm. Channels are the last dimension, all leading dimensions are rows. */
import { cuts } from "../abi/partials.js";
import { last, numel, rows, type Shape } from "../core/shape.js";
import type { Activation, EpiloguePart, Gradient, Op } from "../graph/op.js";
import { activationCode } from "./epilogue.js";

/** What may follow a normalisation in the same pass, when plans are fused: a sum, and an activation after it. */
export interface Following {
  residual?: boolean;
  activation?: Activation | null;
}

export function absorbFollowing<A extends Following>(attributes: A, part: EpiloguePart): A | null {
  if (attributes.activation || part.kind === "derivative") return null;
  if (part.kind === "activation") return { ...attributes, activation: part.activation };
  return attributes.residual ? null : { ...attributes, residual: true };
}

/** dgamma and dbeta, or any two numbers for each feature. */
export const twoPerFeature = ([x]: Shape[]): Shape[] => [[last(x)], [last(x)]];

/** Mean, biased variance and rstd = 1 / sqrt(variance + eps) of each channel over a batch. */
export const batchNormStats: Op<{ eps: number }> = {
  name: "batchNormStats",
  shapes: ([x]) => [[last(x)], [last(x)], [last(x)]],
  workspace: ([x]) => cuts.batchNormStats(rows(x), last(x)).bytes,
  encode(node, c) {
    const x = c.shape(node, 0);
    c.emit("f32_batch_norm_stats", node, "x", "mean variance rstd", cuts.batchNormStats(rows(x), last(x)));
  },
};

/** rstd of a running variance. */
export const batchNormRstd: Op<{ eps: number }> = {
  name: "batchNormRstd",
  shapes: ([variance]) => [variance],
  encode: (node, c) => c.emit("f32_batch_norm_rstd", node, "variance", "rstd"),
};

export interface BatchNorm extends Following {
  affine: boolean;
  /** The statistics are those of this very batch, so the gradient flows through them. */
  training: boolean;
}

/**
 * y = g((x - mean) rstd gamma + beta + residual), of each channel (Ioffe & Szegedy 2015, arXiv:1502.03167). Inputs: x, mean,
 * rstd, [gamma, beta], [residual].
 */
export const batchNorm: Op<BatchNorm> = {
  name: "batchNorm",
  shapes: ([x]) => [x],
  inPlace: ({ affine, residual }) => (residual ? [affine ? 5 : 3, 0] : [0]),
  absorb: absorbFollowing,
  encode(node, c) {
    const { affine, activation } = node.attributes;
    const inputs = affine ? "x mean rstd gamma beta residual" : "x mean rstd residual";
    c.emit("f32_batch_norm", node, inputs, "y", activationCode(activation));
  },
};

// With statistics of this batch the gradient also flows through mean and variance, which takes the two sums that are
// dgamma and dbeta, dx = rstd gamma (dy - dbeta / rows - z dgamma / rows) with z = (x - mean) rstd; with running
// statistics (evaluation, frozen) the op is affine in x, dx = rstd gamma dy.
const batchNormGradient: Gradient<BatchNorm> = {
  of: batchNorm,
  rule({ node, dy, needs, emit }) {
    const [x, mean, rstd, gamma] = node.inputs;
    const { affine, training } = node.attributes;
    const wantsSums = training || (affine && (needs[3] || needs[4]));
    const sums = wantsSums ? emit(batchNormDw, [dy, x, mean, rstd], {}) : [];
    const inputs = [dy, rstd, ...(affine ? [gamma] : []), ...(training ? [x, mean, ...sums] : [])];
    const dx = needs[0] ? emit(batchNormDx, inputs, { affine, training })[0] : null;
    const dw = affine ? [needs[3] ? sums[0] : null, needs[4] ? sums[1] : null] : [];
    return [dx, null, null, ...dw];
  },
};

const batchNormDx: Op<{ affine: boolean; training: boolean }> = {
  name: "batchNormDx",
  shapes: ([dy]) => [dy],
  inPlace: () => [0],
  encode(node, c) {
    // Fixed statistics: dx depends on dy alone, and what is not there is 0.
    const inputs = node.attributes.affine ? "dy rstd gamma x mean dgamma dbeta" : "dy rstd x mean dgamma dbeta";
    c.emit("f32_batch_norm_dx", node, inputs, "dx");
  },
};

const batchNormDw: Op = {
  name: "batchNormDw",
  shapes: twoPerFeature,
  workspace: ([dy]) => cuts.batchNormDw(rows(dy), last(dy)).bytes,
  encode(node, c) {
    const dy = c.shape(node, 0);
    c.emit("f32_batch_norm_dw", node, "dy x mean rstd", "dgamma dbeta", cuts.batchNormDw(rows(dy), last(dy)));
  },
};

/** Moves the running statistics towards those of a batch. Inputs: mean, variance, runningMean, runningVar, batches. */
export const batchNormUpdate: Op<{ momentum: number; rows: number }> = {
  name: "batchNormUpdate",
  shapes: () => [],
  writes: [2, 3, 4],
  keepsStatistics: true,
  encode: (node, c) => c.emit("f32_batch_norm_update", node, "mean variance runningMean runningVar batches", ""),
};

/**
 * Scales and shifts a product's weights and bias by an evaluated BatchNorm that follows: one product instead of two ops.
 * Inputs: w, mean, rstd, [gamma, beta], [bias]; outputs: weights, bias.
 */
export const foldBatchNorm: Op<{ bias: boolean; affine: boolean }> = {
  name: "foldBatchNorm",
  shapes: ([w]) => [w, [w[0]]],
  encode(node, c) {
    const w = c.shape(node, 0);
    const inputs = node.attributes.affine ? "w mean rstd gamma beta bias" : "w mean rstd bias";
    c.emit("f32_fold_batch_norm", node, inputs, "folded foldedBias", { rows: w[0], cols: numel(w) / w[0] });
  },
};

export const batchNormGradients = [batchNormGradient];
