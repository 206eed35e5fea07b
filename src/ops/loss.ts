/** Softmax, and the losses: the mean over a batch, a single number. */
import { REGRESSION_LOSSES } from "../abi/enums.js";
import { crossEntropyPartial, cuts } from "../abi/partials.js";
import { SCALARS } from "../abi/scalars.js";
import { numel, rows } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { Gradient, Node, Op } from "../graph/op.js";
import { FLOAT } from "../graph/value.js";

/** y_j = exp(x_j) / sum_i exp(x_i) of each row, or its logarithm. */
export const softmax: Op<{ log: boolean }> = {
  name: "softmax",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  givesProbabilities: ({ log }) => !log,
  encode: (node, c) => c.emit("f32_softmax", node, "x", "y"),
};

// y = softmax(x):  dx = y (dy - sum of dy y);  y = log softmax(x):  dx = dy - exp(y) sum of dy
const softmaxGradient: Gradient<{ log: boolean }> = {
  of: softmax,
  rule: ({ node, dy, emit }) => [emit(softmaxDx, [dy, node.outputs[0]], node.attributes)[0]],
};

const softmaxDx: Op<{ log: boolean }> = {
  name: "softmaxDx",
  shapes: ([dy]) => [dy],
  inPlace: () => [0],
  encode: (node, c) => c.emit("f32_softmax_dx", node, "dy y", "dx"),
};

export interface CrossEntropy {
  /** Targets are rows of probabilities, otherwise class indices. */
  probabilities: boolean;
  smoothing: number;
  /** The weights have one for each class, too, after those of the rows. */
  byClass?: boolean;
}

/** Where the host writes what a loss is divided by that has weights, its input number `at`. */
const totalOf = ({ inputs }: Node, at: number): number => (inputs.length > at ? SCALARS.total : 0);

/** That, and the weights of classes. */
const weighing = (node: Node<CrossEntropy>, c: Context, at: number) => ({
  total: totalOf(node, at),
  classes: node.attributes.byClass ? c.input(node, at) + rows(c.shape(node, 0)) * FLOAT : 0,
});

/**
 * loss = mean over rows of lse - sum_j q_j logits_j with lse = log sum_j exp(logits_j). Inputs: logits, target, [weights];
 * outputs: loss, lse of each row.
 */
export const crossEntropy: Op<CrossEntropy> = {
  name: "crossEntropy",
  isLoss: true,
  part: "loss",
  shapes: ([logits]) => [[], [rows(logits)]],
  workspace: ([logits]) => crossEntropyPartial(rows(logits)),
  encode: (node, c) => c.emit("f32_cross_entropy", node, "logits target weights", "loss lse", weighing(node, c, 2)),
  // The loss is the end of the network, its own gradient is 1:  dx = (exp(logits - lse) - q) / rows
  gradient({ node, emit }) {
    const [logits, target, ...weights] = node.inputs;
    return [emit(crossEntropyDx, [logits, target, node.outputs[1], ...weights], node.attributes)[0], null, null];
  },
};

const crossEntropyDx: Op<CrossEntropy> = {
  name: "crossEntropyDx",
  part: "loss",
  shapes: ([logits]) => [logits],
  inPlace: () => [0],
  encode: (node, c) => c.emit("f32_cross_entropy_dx", node, "logits target lse weights", "dx", weighing(node, c, 3)),
};

export interface RegressionLoss {
  kind: keyof typeof REGRESSION_LOSSES;
  /** The delta of huber. */
  param: number;
}

/** loss = mean over all elements of l(x, target). Inputs: x, target, [weights]. */
export const regressionLoss: Op<RegressionLoss> = {
  name: "regressionLoss",
  isLoss: true,
  part: "loss",
  shapes: () => [[]],
  workspace: ([x]) => cuts.regressionLoss(numel(x)).bytes,
  encode: (node, c) =>
    c.emit("f32_regression_loss", node, "x target weights", "loss", {
      total: totalOf(node, 2),
      kind: REGRESSION_LOSSES[node.attributes.kind],
      ...cuts.regressionLoss(numel(c.shape(node, 0))),
    }),
  // dx = l'(x, target) / elements
  gradient: ({ node, emit }) => [emit(regressionLossDx, node.inputs, node.attributes)[0], null, null],
};

const regressionLossDx: Op<RegressionLoss> = {
  name: "regressionLossDx",
  part: "loss",
  shapes: ([x]) => [x],
  inPlace: () => [0],
  encode: (node, c) =>
    c.emit("f32_regression_loss_dx", node, "x target weights", "dx", {
      total: totalOf(node, 2),
      kind: REGRESSION_LOSSES[node.attributes.kind],
    }),
};

export const lossGradients = [softmaxGradient];
