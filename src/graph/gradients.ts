/**
 * The gradient rules, one for each op that can stand on the way from a loss to a parameter. A rule receives the
 * gradients of a node's outputs and records the ops that make the gradients of its inputs.
 */
import type { Graph, Node, ValueId } from "./graph.js";
import { DERIVATIVE_FROM, noEpilogue, type OpAttributes, type OpName } from "./ops.js";

export interface GradientContext<K extends OpName> {
  node: Node<K>;
  /** Gradient of the first output (gradients flow through first outputs only). */
  dy: ValueId;
  /** Which inputs lead to something wanted. */
  needs: boolean[];
  graph: Graph;
  emit<E extends OpName>(op: E, inputs: ValueId[], attributes: OpAttributes[E]): ValueId[];
}

/** Returns the gradient of each input, or null where none is needed or none exists. */
export type GradientRule<K extends OpName> = (context: GradientContext<K>) => (ValueId | null)[];

/** [h, w, c] of an image value. */
const imageOf = (graph: Graph, id: ValueId) => graph.shape(id).slice(1) as [number, number, number];

/** `null`: gradients do not flow through this op (it is made by a rule, or by an optimiser). */
export const GRADIENTS: { [K in OpName]: GradientRule<K> | null } = {
  reshape: ({ node, dy, graph, emit }) => [emit("reshape", [dy], { shape: graph.shape(node.inputs[0]) })[0]],

  // y = x w^T + b:  dx = dy w,  dw = dy^T x,  db = sum of the rows of dy
  linear: ({ node, dy, needs, graph, emit }) => {
    const [x, w] = node.inputs;
    const features = graph.shape(w).at(-1)!;
    const dx = needs[0] ? emit("linearDx", [dy, w], { epilogue: noEpilogue, features })[0] : null;
    const dw = needs[1] ? emit("linearDw", [dy, x], {})[0] : null;
    const db = needs[2] ? emit("columnSum", [dy], {})[0] : null;
    return node.inputs.length > 2 ? [dx, dw, db] : [dx, dw];
  },

  // y = conv(x, w) + b:  dx = the transposed convolution of dy with w,  dw = correlation of x with dy
  conv2d: ({ node, dy, needs, graph, emit }) => {
    const [x, w] = node.inputs;
    const { epilogue: _, algorithm: __, ...convolution } = node.attributes;
    const input = imageOf(graph, x);
    const dx = needs[0] ? emit("conv2dDx", [dy, w], { ...convolution, input, epilogue: noEpilogue })[0] : null;
    const dw = needs[1] ? emit("conv2dDw", [dy, x], convolution)[0] : null;
    const db = needs[2] ? emit("columnSum", [dy], {})[0] : null;
    return node.inputs.length > 2 ? [dx, dw, db] : [dx, dw];
  },

  // The gradient of a maximum goes to where the maximum was.
  maxPool2d: ({ node, dy, graph, emit }) => {
    const [x] = node.inputs;
    return [emit("maxPool2dDx", [dy, x, node.outputs[0]], { ...node.attributes, input: imageOf(graph, x) })[0]];
  },
  avgPool2d: ({ node, dy, graph, emit }) => [
    emit("avgPool2dDx", [dy], { ...node.attributes, input: imageOf(graph, node.inputs[0]) })[0],
  ],
  adaptiveAvgPool2d: ({ node, dy, graph, emit }) => [
    emit("adaptiveAvgPool2dDx", [dy], { input: imageOf(graph, node.inputs[0]) })[0],
  ],
  padShortcut: ({ node, dy, graph, emit }) => [
    emit("padShortcutDx", [dy], { ...node.attributes, input: imageOf(graph, node.inputs[0]) })[0],
  ],
  transposeChannels: ({ node, dy, emit }) => [
    emit("transposeChannels", [dy], { toFirst: !node.attributes.toFirst })[0],
  ],

  // y = x * s:  dx = dy * s,  ds = sum over pixels of dy * x
  scaleChannels: ({ node, dy, needs, emit }) => {
    const [x, s] = node.inputs;
    const dx = needs[0] ? emit("scaleChannels", [dy, s], {})[0] : null;
    return [dx, needs[1] ? emit("scaleChannelsDw", [dy, x], {})[0] : null];
  },

  // y = g(x):  dx = dy * g'(x)
  activation: ({ node, dy, emit }) => {
    const source = DERIVATIVE_FROM[node.attributes.kind] === "output" ? node.outputs[0] : node.inputs[0];
    return [emit("activationDx", [dy, source], node.attributes)[0]];
  },

  // y = a + b: the skip connection hands its gradient to both branches unchanged
  add: ({ dy }) => [dy, dy],

  // y = x * mask / (1 - p): the mask is drawn again from the same counter
  dropout: ({ node, dy, emit }) => [emit("dropout", [dy], node.attributes)[0]],

  softmax: ({ node, dy, emit }) => [emit("softmaxDx", [dy, node.outputs[0]], node.attributes)[0]],

  layerNorm: ({ node, dy, needs, emit }) => {
    const [x, gamma] = node.inputs;
    const [, mean, rstd] = node.outputs;
    const { affine } = node.attributes;
    const dx = needs[0]
      ? emit("layerNormDx", affine ? [dy, x, mean, rstd, gamma] : [dy, x, mean, rstd], { affine })[0]
      : null;
    if (!affine) return [dx];
    return needs[1] || needs[2] ? [dx, ...emit("layerNormDw", [dy, x, mean, rstd], {})] : [dx, null, null];
  },

  // Ioffe & Szegedy 2015. With statistics of this batch the gradient also flows through mean and variance, which takes
  // the two sums that are dgamma and dbeta; with running statistics (evaluation, frozen) the op is affine in x.
  batchNorm: ({ node, dy, needs, emit }) => {
    const [x, mean, rstd, gamma] = node.inputs;
    const { affine, training } = node.attributes;
    const wantsSums = training || (affine && (needs[3] || needs[4]));
    const sums = wantsSums ? emit("batchNormDw", [dy, x, mean, rstd], {}) : [];
    const inputs = [dy, rstd, ...(affine ? [gamma] : []), ...(training ? [x, mean, ...sums] : [])];
    const dx = needs[0] ? emit("batchNormDx", inputs, { affine, training })[0] : null;
    const dw = affine ? [needs[3] ? sums[0] : null, needs[4] ? sums[1] : null] : [];
    return [dx, null, null, ...dw];
  },

  // The loss is the end of the network: its own gradient is 1.
  crossEntropy: ({ node, emit }) => {
    const [logits, target] = node.inputs;
    return [emit("crossEntropyDx", [logits, target, node.outputs[1]], node.attributes)[0], null];
  },
  regressionLoss: ({ node, emit }) => [emit("regressionLossDx", node.inputs, node.attributes)[0], null],

  conv2dDx: null,
  conv2dDw: null,
  conv2dFilter: null,
  foldBatchNorm: null,
  maxPool2dDx: null,
  avgPool2dDx: null,
  adaptiveAvgPool2dDx: null,
  padShortcutDx: null,
  scaleChannelsDw: null,
  linearDx: null,
  linearDw: null,
  packB: null,
  columnSum: null,
  activationDx: null,
  softmaxDx: null,
  layerNormDx: null,
  layerNormDw: null,
  batchNormStats: null,
  batchNormRstd: null,
  batchNormDx: null,
  batchNormDw: null,
  batchNormUpdate: null,
  crossEntropyDx: null,
  regressionLossDx: null,
  gradNorm: null,
  optimizerStep: null,
  ema: null,
};
