/** Normalisations. Features or channels are the last dimension, all leading dimensions are rows. */
import { type Cut, cuts } from "../abi/partials.js";
import { last, numel, rows, type Shape } from "../core/shape.js";
import type { Activation, EpiloguePart, Gradient, Op } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { activationCode } from "./epilogue.js";
import { columnSum } from "./linear.js";

/** What may follow a normalisation in the same pass, when plans are fused: a sum, and an activation after it. */
interface Following {
  residual?: boolean;
  activation?: Activation | null;
}

function absorbFollowing<A extends Following>(attributes: A, part: EpiloguePart): A | null {
  if (attributes.activation || part.kind === "derivative") return null;
  if (part.kind === "activation") return { ...attributes, activation: part.activation };
  return attributes.residual ? null : { ...attributes, residual: true };
}

/** dgamma and dbeta, or any two numbers for each feature. */
const twoPerFeature = ([x]: Shape[]): Shape[] => [[last(x)], [last(x)]];

export interface LayerNorm {
  eps: number;
  affine: boolean;
}

/**
 * y = (x - mean) rstd gamma + beta, of each row (Ba et al. 2016, arXiv:1607.06450). Inputs: x, [gamma, beta]; outputs: y,
 * mean, rstd.
 */
export const layerNorm: Op<LayerNorm> = {
  name: "layerNorm",
  shapes: ([x]) => [x, [rows(x)], [rows(x)]],
  encode: (node, c) => c.emit("f32_layer_norm", node, "x gamma beta", "y mean rstd"),
};

// With z = (x - mean) rstd and dz = dy gamma:  dx = rstd (dz - mean(dz) - z mean(dz z)), means over the row;
// dgamma = sum over rows of dy z,  dbeta = sum over rows of dy
const layerNormGradient: Gradient<LayerNorm> = {
  of: layerNorm,
  rule({ node, dy, needs, emit }) {
    const [x, gamma] = node.inputs;
    const [, mean, rstd] = node.outputs;
    const { affine } = node.attributes;
    const dx = needs[0]
      ? emit(layerNormDx, affine ? [dy, x, mean, rstd, gamma] : [dy, x, mean, rstd], { affine })[0]
      : null;
    if (!affine) return [dx];
    return needs[1] || needs[2] ? [dx, ...emit(layerNormDw, [dy, x, mean, rstd], {})] : [dx, null, null];
  },
};

const layerNormDx: Op<{ affine: boolean }> = {
  name: "layerNormDx",
  shapes: ([dy]) => [dy],
  encode: (node, c) => c.emit("f32_layer_norm_dx", node, "dy x mean rstd gamma", "dx"),
};

const layerNormDw: Op = {
  name: "layerNormDw",
  shapes: twoPerFeature,
  workspace: ([dy]) => cuts.layerNormDw(rows(dy), last(dy)).bytes,
  encode(node, c) {
    const dy = c.shape(node, 0);
    c.emit("f32_layer_norm_dw", node, "dy x mean rstd", "dgamma dbeta", cuts.layerNormDw(rows(dy), last(dy)));
  },
};

export interface GroupNorm extends Following {
  /** Groups of equally many channels. */
  groups: number;
  eps: number;
  affine: boolean;
}

/** Images and their groups as records have them; the pixels of each image are cut like the rows of a batch. */
function imageGroups(x: Shape, groups: number, cutPixels: (pixels: number, channels: number) => Cut) {
  const [batch, channels] = [x[0], last(x)];
  const pixels = rows(x) / batch;
  const cut = cutPixels(pixels, channels);
  return { batch, pixels, channels, groups, ...cut, bytes: batch * cut.bytes };
}

/**
 * y = g((x - mean) rstd gamma + beta + residual), of each image and group of channels (Wu & He 2018, arXiv:1803.08494).
 * Inputs: x [n, ..., channels], [gamma, beta], [residual]; outputs: y, mean, rstd [n, groups].
 */
export const groupNorm: Op<GroupNorm> = {
  name: "groupNorm",
  shapes: ([x], { groups }) => [x, [x[0], groups], [x[0], groups]],
  workspace: ([x], { groups }) => imageGroups(x, groups, cuts.batchNormStats).bytes,
  inPlace: ({ affine, residual }) => (residual ? [affine ? 3 : 1, 0] : [0]),
  absorb: absorbFollowing,
  encode(node, c) {
    const { groups, affine, activation } = node.attributes;
    const inputs = affine ? "x gamma beta residual" : "x residual";
    const sizes = imageGroups(c.shape(node, 0), groups, cuts.batchNormStats);
    c.emit("f32_group_norm", node, inputs, "y mean rstd", { ...sizes, ...activationCode(activation) });
  },
};

// With z = (x - mean) rstd and dz = dy gamma:  dx = rstd (dz - mean(dz) - z mean(dz z)), means over the group;
// dgamma = sum over images and pixels of dy z,  dbeta = sum over images and pixels of dy
const groupNormGradient: Gradient<GroupNorm> = {
  of: groupNorm,
  rule({ node, dy, needs, emit }) {
    const [x, gamma] = node.inputs;
    const [, mean, rstd] = node.outputs;
    const { groups, affine } = node.attributes;
    const [sum, product] = emit(groupNormSums, [dy, x, mean, rstd], { groups });
    const inputs = [dy, x, mean, rstd, sum, product, ...(affine ? [gamma] : [])];
    const dx = needs[0] ? emit(groupNormDx, inputs, { groups })[0] : null;
    if (!affine) return [dx];
    const over = (images: ValueId) => emit(columnSum, [images], {})[0];
    return [dx, needs[1] ? over(product) : null, needs[2] ? over(sum) : null];
  },
};

/** The sums over pixels of dy, and of dy z, for each image and channel. Inputs: dy, x, mean, rstd. */
const groupNormSums: Op<{ groups: number }> = {
  name: "groupNormSums",
  shapes: ([dy]) => [
    [dy[0], last(dy)],
    [dy[0], last(dy)],
  ],
  workspace: ([dy], { groups }) => imageGroups(dy, groups, cuts.batchNormStats).bytes,
  encode(node, c) {
    const sizes = imageGroups(c.shape(node, 0), node.attributes.groups, cuts.batchNormStats);
    c.emit("f32_group_norm_sums", node, "dy x mean rstd", "sum product", sizes);
  },
};

const groupNormDx: Op<{ groups: number }> = {
  name: "groupNormDx",
  shapes: ([dy]) => [dy],
  workspace: ([dy], { groups }) => imageGroups(dy, groups, cuts.batchNormDw).bytes,
  inPlace: () => [0, 1],
  encode(node, c) {
    const sizes = imageGroups(c.shape(node, 0), node.attributes.groups, cuts.batchNormDw);
    c.emit("f32_group_norm_dx", node, "dy x mean rstd sum product gamma", "dx", sizes);
  },
};

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

export const normGradients = [layerNormGradient, groupNormGradient, batchNormGradient];
