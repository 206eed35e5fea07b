/**
 * Matrix products. Features are the last dimension, all leading dimensions are rows; weights are [out, in].
 */
import { gemmScratch, gemmSizes, PANEL } from "../abi/gemm.js";
import { last, numel, roundUp, rows } from "../core/shape.js";
import type { Gradient, Op } from "../graph/op.js";
import { columnSum } from "./column-sum.js";
import {
  absorbIntoEpilogue,
  type Epilogue,
  epilogueCode,
  epilogueInPlace,
  noEpilogue,
  withEpilogue,
} from "./epilogue.js";

/** How a matrix product reads its weights: packed panels (a selected `packB`), or rows in place for a few rows. */
export type GemmAlgorithm = "gemm" | "gemv";

/** Below this many rows, packing the weights costs more than the product gains (bench/NOTES.md, GEMM). */
const GEMV_ROWS = 8;

export interface Linear {
  epilogue: Epilogue;
  algorithm?: GemmAlgorithm;
}

/** y [..., n] = x [..., k] · w [n, k]^T, and an epilogue. Inputs: x, w, [bias], [residual], [source]. */
export const linear: Op<Linear> = {
  name: "linear",
  isProduct: true,
  shapes: ([x, w]) => [[...x.slice(0, -1), w[0]]],
  macs: ([x], [y]) => numel(y) * last(x),
  scratch: ([x]) => gemmScratch(rows(x), last(x)),
  inPlace: epilogueInPlace,
  absorb: absorbIntoEpilogue,
  select(node, { shape, once }) {
    const [x, w, ...operands] = node.inputs;
    if (rows(shape(x)) < GEMV_ROWS) return { ...node, attributes: { ...node.attributes, algorithm: "gemv" } };
    const panels = once(packB, w, { transposed: true }, node);
    return { ...node, inputs: [x, panels, ...operands], attributes: { ...node.attributes, algorithm: "gemm" } };
  },
  encode(node, c) {
    const { epilogue, algorithm } = node.attributes;
    const x = c.shape(node, 0);
    const [k, n] = [last(x), last(c.outputShape(node))];
    const sizes = { m: rows(x), n, k, ldy: n, ...epilogueCode(epilogue) };
    if (algorithm === "gemv")
      c.emit("f32_gemv", node, withEpilogue("x w", epilogue), "y", { ...sizes, ldw: k, ldx: k });
    else
      c.emit("f32_gemm", node, withEpilogue("a b", epilogue), "y", {
        ...sizes,
        ...gemmSizes(rows(x), k),
        lda: k,
        aTransposed: 0,
      });
  },
};

// y = x w^T + b:  dx = dy w,  dw = dy^T x,  db = sum of the rows of dy
const linearGradient: Gradient<Linear> = {
  of: linear,
  rule({ node, dy, needs, shape, emit }) {
    const [x, w] = node.inputs;
    const features = last(shape(w));
    const dx = needs[0] ? emit(linearDx, [dy, w], { epilogue: noEpilogue, features })[0] : null;
    const dw = needs[1] ? emit(linearDw, [dy, x], {})[0] : null;
    const db = needs[2] ? emit(columnSum, [dy], {})[0] : null;
    return node.inputs.length > 2 ? [dx, dw, db] : [dx, dw];
  },
};

/** dx [..., k] = dy [..., n] · w [n, k], and an epilogue; `features` is k, because w may be packed. */
const linearDx: Op<{ epilogue: Epilogue; features: number }> = {
  name: "linearDx",
  shapes: ([dy], { features }) => [[...dy.slice(0, -1), features]],
  macs: ([dy], [dx]) => numel(dx) * last(dy),
  scratch: ([dy]) => gemmScratch(rows(dy), last(dy)),
  inPlace: epilogueInPlace,
  absorb: absorbIntoEpilogue,
  select(node, { once }) {
    const [dy, w, ...operands] = node.inputs;
    return { ...node, inputs: [dy, once(packB, w, { transposed: false }, node), ...operands] }; // w is B, row-major
  },
  encode(node, c) {
    const { epilogue, features: n } = node.attributes;
    const dy = c.shape(node, 0);
    const k = last(dy);
    const m = rows(dy);
    const sizes = { m, n, k, ...gemmSizes(m, k), lda: k, aTransposed: 0, ldy: n };
    c.emit("f32_gemm", node, withEpilogue("a b", epilogue), "y", { ...sizes, ...epilogueCode(epilogue) });
  },
};

/** dw [n, k] = dy^T [n, m] · x [m, k]. */
const linearDw: Op = {
  name: "linearDw",
  shapes: ([dy, x]) => [[last(dy), last(x)]],
  macs: ([dy], [dw]) => (numel(dw) * numel(dy)) / last(dy),
  scratch: ([dy]) => gemmScratch(last(dy), rows(dy)),
  select(node, { once }) {
    const [dy, x] = node.inputs;
    return { ...node, inputs: [dy, once(packB, x, { transposed: false }, node)] }; // x is B
  },
  encode(node, c) {
    const dy = c.shape(node, 0);
    const [m, n, k] = [last(dy), last(c.outputShape(node)), rows(dy)];
    const sizes = { m, n, k, ...gemmSizes(m, k), lda: m, aTransposed: 1, ldy: n };
    c.emit("f32_gemm", node, withEpilogue("a b", noEpilogue), "y", { ...sizes, ...epilogueCode(noEpilogue) });
  },
};

/** B [k, n], or [n, k] when transposed, into panels of 8 columns. */
export const packB: Op<{ transposed: boolean }> = {
  name: "packB",
  isPacking: true,
  shapes([b], { transposed }) {
    const [k, n] = transposed ? [last(b), rows(b)] : [rows(b), last(b)];
    return [[roundUp(n, PANEL) / PANEL, k, PANEL]];
  },
  encode(node, c) {
    const b = c.shape(node, 0);
    const [k, n] = node.attributes.transposed ? [last(b), rows(b)] : [rows(b), last(b)];
    c.emit("f32_pack_b", node, "src", "dst", { k, n, ld: last(b) });
  },
};

export const linearGradients = [linearGradient];
