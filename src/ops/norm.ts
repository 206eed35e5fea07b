/**
 * Normalisations within a sample. Features or channels are the last dimension, all leading dimensions are rows. They hold
 * their own gradients, so that bundles without them carry neither.
 */
import { type Cut, cuts } from "../abi/partials.js";
import { last, rows, type Shape } from "../core/shape.js";
import type { Op } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { absorbFollowing, type Following, twoPerFeature } from "./batch-norm.js";
import { columnSum } from "./column-sum.js";
import { activationCode } from "./epilogue.js";

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
  // With z = (x - mean) rstd and dz = dy gamma:  dx = rstd (dz - mean(dz) - z mean(dz z)), means over the row;
  // dgamma = sum over rows of dy z,  dbeta = sum over rows of dy
  gradient({ node, dy, needs, emit }) {
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
  // With z = (x - mean) rstd and dz = dy gamma:  dx = rstd (dz - mean(dz) - z mean(dz z)), means over the group;
  // dgamma = sum over images and pixels of dy z,  dbeta = sum over images and pixels of dy
  gradient({ node, dy, needs, emit }) {
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
