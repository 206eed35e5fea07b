/** Ops that move elements without computing. Images are [n, h, w, c]. */
import { type ImageShape, imageOf, type Shape } from "../core/shape.js";
import type { Gradient, Op } from "../graph/op.js";
import { activationCode } from "./epilogue.js";

/** The same elements under a new shape: nothing moves. */
export const reshape: Op<{ shape: Shape }> = {
  name: "reshape",
  isAlias: true,
  shapes: (_, { shape }) => [shape],
};

const reshapeGradient: Gradient<{ shape: Shape }> = {
  of: reshape,
  rule: ({ node, dy, shape, emit }) => [emit(reshape, [dy], { shape: shape(node.inputs[0]) })[0]],
};

/**
 * A copy under a new shape: of parameters, whose memory and gradients have places of their own, which an alias would
 * share.
 */
export const reshapeCopy: Op<{ shape: Shape }> = {
  name: "reshapeCopy",
  shapes: (_, { shape }) => [shape],
  encode: (node, c) => c.emit("f32_activation", node, "x", "y", activationCode(null)), // none: a classic kernel
  gradient: ({ node, dy, shape, emit }) => [emit(reshapeCopy, [dy], { shape: shape(node.inputs[0]) })[0]],
};

/** [n, h, w, c] → [n, c, h, w], or back: PyTorch flattens images channels first. */
export const transposeChannels: Op<{ toFirst: boolean }> = {
  name: "transposeChannels",
  shapes: ([x], { toFirst }) => [toFirst ? [x[0], x[3], x[1], x[2]] : [x[0], x[2], x[3], x[1]]],
  encode(node, c) {
    const [, a, b, d] = c.shape(node, 0);
    const [rows, cols] = node.attributes.toFirst ? [a * b, d] : [a, b * d];
    c.emit("f32_transpose", node, "x", "y", { rows, cols });
  },
};

const transposeChannelsGradient: Gradient<{ toFirst: boolean }> = {
  of: transposeChannels,
  rule: ({ node, dy, emit }) => [emit(transposeChannels, [dy], { toFirst: !node.attributes.toFirst })[0]],
};

export interface PadShortcut {
  stride: number;
  front: number;
  back: number;
}

/** Every stride-th pixel, with `front` and `back` channels of zeros added. */
export const padShortcut: Op<PadShortcut> = {
  name: "padShortcut",
  shapes: ([[n, h, w, c]], { stride, front, back }) => [
    [n, Math.ceil(h / stride), Math.ceil(w / stride), front + c + back],
  ],
  encode(node, c) {
    const [, h, w, ic] = c.shape(node, 0);
    const [, oh, ow, oc] = c.outputShape(node);
    c.emit("f32_pad_shortcut", node, "x", "y", { h, w, ic, oh, ow, oc });
  },
};

const padShortcutGradient: Gradient<PadShortcut> = {
  of: padShortcut,
  rule: ({ node, dy, shape, emit }) => [
    emit(padShortcutDx, [dy], { ...node.attributes, input: imageOf(shape(node.inputs[0])) })[0],
  ],
};

const padShortcutDx: Op<PadShortcut & { input: ImageShape }> = {
  name: "padShortcutDx",
  shapes: ([dy], { input }) => [[dy[0], ...input]],
  encode(node, c) {
    const [, oh, ow, oc] = c.shape(node, 0);
    const [h, w, ic] = node.attributes.input;
    c.emit("f32_pad_shortcut_dx", node, "dy", "dx", { h, w, ic, oh, ow, oc });
  },
};

export const shapeGradients = [reshapeGradient, transposeChannelsGradient, padShortcutGradient];
