/** The encoders of the ops that a prediction takes. */
import { code, epilogueCode, last, rows, withEpilogue } from "./context.js";
import type { Encoders, OpSet } from "./encode.js";
import { IMAGE_ENCODERS } from "./encode-image.js";

export const INFERENCE_ENCODERS = {
  ...IMAGE_ENCODERS,
  reshape: () => {},
  linear: (node, c) => {
    const { epilogue, algorithm } = node.attributes;
    const x = c.shape(node, 0);
    const k = last(x);
    const n = last(c.graph.shape(node.outputs[0]));
    const sizes = { m: rows(x), n, k, ldr: n, lds: n, ...epilogueCode(epilogue) };
    if (algorithm === "gemv")
      c.emit("f32_gemv", node, withEpilogue("x w", epilogue), "y", { ...sizes, ldw: k, ldx: k, ldy: n });
    else c.emit("f32_gemm", node, withEpilogue("a b", epilogue), "c", { ...sizes, lda: k, aTransposed: 0, ldc: n });
  },
  packB: (node, c) => {
    const b = c.shape(node, 0);
    const [k, n] = node.attributes.transposed ? [last(b), rows(b)] : [rows(b), last(b)];
    c.emit("f32_pack_b", node, "src", "dst", { k, n, ld: last(b) });
  },
  activation: (node, c) => c.emit("f32_activation", node, "x", "y", code(node.attributes)),
  add: (node, c) => c.emit("f32_add", node, "a b", "y", code(node.attributes.activation)),
  softmax: (node, c) => c.emit("f32_softmax", node, "x", "y"),
  layerNorm: (node, c) => c.emit("f32_layer_norm", node, "x gamma beta", "y mean rstd"),
  batchNormRstd: (node, c) => c.emit("f32_batch_norm_rstd", node, "variance", "rstd"),
  batchNorm: (node, c) => {
    const { affine, activation } = node.attributes;
    const inputs = affine ? "x mean rstd gamma beta residual" : "x mean rstd residual";
    c.emit("f32_batch_norm", node, inputs, "y", code(activation));
  },
} satisfies Encoders;

/** Predictions only. */
export const INFERENCE: OpSet = { encoders: INFERENCE_ENCODERS };
