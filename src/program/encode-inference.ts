/** The encoders of the ops that a prediction takes. */
import { numel } from "../core/shape.js";
import { code, epilogueArguments, last, rows, scratchOf } from "./context.js";
import type { Encoders, OpSet } from "./encode.js";
import { IMAGE_ENCODERS } from "./encode-image.js";

export const INFERENCE_ENCODERS = {
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
  activation: (node, c) => {
    c.emit("f32_activation", {
      x: c.input(node, 0),
      y: c.output(node),
      n: numel(c.shape(node, 0)),
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
  layerNorm: (node, c) => {
    const x = c.shape(node, 0);
    const { affine, eps } = node.attributes;
    const weights = { gamma: c.input(node, affine ? 1 : -1), beta: c.input(node, affine ? 2 : -1) };
    const outputs = { y: c.output(node), mean: c.output(node, 1), rstd: c.output(node, 2) };
    c.emit("f32_layer_norm", { x: c.input(node, 0), ...weights, ...outputs, rows: rows(x), cols: last(x), eps });
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
} satisfies Encoders;

/** Predictions only. */
export const INFERENCE: OpSet = { encoders: INFERENCE_ENCODERS };
