// Places the operands of one product in memory, with gaps between rows, and computes what must come out.
import { expect } from "vitest";
import { ACTIVATION_GRADIENT, ACTIVATIONS, type ActivationName } from "../../../src/abi/enums.js";
import { gemmScratch, gemmSizes, packedSize } from "../../../src/abi/gemm.js";
import { activations, FROM_OUTPUT } from "../reference/activations.js";
import { finish, multiply, rowMajor, transpose } from "../reference/gemm.js";
import { callSplit, expectClose, normals, runSplit } from "./compare.js";
import type { Harness, Operand } from "./harness.js";

/** Activations whose derivative the kernels take from the output; the others take it from the input. */

export interface Case {
  kernel: "gemm" | "gemv";
  m: number;
  n: number;
  k: number;
  /** A stored [k][m]; B stored [n][k] before packing (gemv always reads it so). */
  aTransposed?: boolean;
  bTransposed?: boolean;
  /** Numbers between the end of a row and the next one. */
  gap?: number;
  bias?: boolean;
  /** A separate operand, or C itself holding it before the call. */
  residual?: "apart" | "c";
  activation?: ActivationName;
  derivative?: "apart" | "c";
  /** Values of A and B; normal numbers by default. */
  values?: (n: number, seed: number) => Float32Array;
}

/** Rows of `cols` numbers, `ld` apart; the gaps hold NaN, and nothing follows the last row. */
function spread(dense: Float32Array, cols: number, ld: number): Float32Array {
  const rows = dense.length / cols;
  const out = new Float32Array((rows - 1) * ld + cols).fill(Number.NaN);
  for (let i = 0; i < rows; i++) out.set(dense.subarray(i * cols, (i + 1) * cols), i * ld);
  return out;
}

function gather(data: Float32Array, rows: number, cols: number, ld: number): Float32Array {
  const out = new Float32Array(rows * cols);
  for (let i = 0; i < rows; i++) out.set(data.subarray(i * ld, i * ld + cols), i * cols);
  return out;
}

/** Runs the case split over 1, 2, 3 and 5 threads (equal bits, intact guards) and compares with float64. */
export function check(harness: Harness, c: Case): void {
  const { m, n, k, gap = 0, activation = "none", values = normals } = c;
  const gemv = c.kernel === "gemv";
  const bTransposed = gemv || c.bTransposed;
  const param = activation === "elu" || activation === "softplus" ? 1.3 : 0.2;
  const a = values(m * k, 1);
  const b = values(k * n, 2);
  const bias = normals(n, 3);
  const residual = normals(m * n, 4);
  const input = normals(m * n, 5, 2);
  const { y } = activations[activation];
  const source = FROM_OUTPUT.includes(activation) ? input.map((x) => y(x, param)) : input;

  const [aRow, bRow, ldc] = [(c.aTransposed ? m : k) + gap, (bTransposed ? k : n) + gap, n + gap];
  const outputs = runSplit(harness, (threads) => {
    const place = (dense: Float32Array, cols: number, ld: number) => harness.f32(spread(dense, cols, ld));
    const aAt = place(a, aRow - gap, aRow);
    const bAt = place(b, bRow - gap, bRow);
    const inC = c.residual === "c" ? residual : c.derivative === "c" ? source : null;
    const cAt = inC ? place(inC, n, ldc) : harness.f32(new Float32Array((m - 1) * ldc + n).fill(Number.NaN));
    const other = (use: "apart" | "c" | undefined, data: Float32Array): number =>
      use === "apart" ? place(data, n, ldc).ptr : use === "c" ? cAt.ptr : 0;
    const scratchStride = Math.ceil(gemmScratch(m, k) / 16) * 16;
    const scratches = Array.from({ length: threads }, () => harness.f32(scratchStride / 4));
    const common = {
      m, n, k,
      bias: c.bias ? harness.f32(bias).ptr : 0,
      residual: other(c.residual, residual),
      activation: ACTIVATIONS[activation] + (c.derivative ? ACTIVATION_GRADIENT : 0), param,
      source: other(c.derivative, source),
      scratch: scratches[0].ptr, scratchStride: threads > 1 ? scratches[1].ptr - scratches[0].ptr : scratchStride,
    }; // biome-ignore format: the argument groups of the ABI
    if (gemv) {
      callSplit(
        harness,
        "f32_gemv",
        { w: bAt.ptr, ldw: bRow, x: aAt.ptr, ldx: aRow, y: cAt.ptr, ldy: ldc, ...common },
        threads,
      );
      return [cAt];
    }
    const packed: Operand = harness.f32(packedSize(k, n));
    callSplit(
      harness,
      "f32_pack_b",
      { src: bAt.ptr, dst: packed.ptr, k, n, ld: bRow, transposed: Number(bTransposed ?? false) },
      threads,
    );
    const aTransposed = Number(c.aTransposed ?? false);
    callSplit(
      harness,
      "f32_gemm",
      { a: aAt.ptr, lda: aRow, aTransposed, b: packed.ptr, y: cAt.ptr, ldy: ldc, ...gemmSizes(m, k), ...common },
      threads,
    );
    return [cAt];
  });

  const left = c.aTransposed ? transpose(rowMajor(a, k, m)) : rowMajor(a, m, k);
  const right = bTransposed ? transpose(rowMajor(b, n, k)) : rowMajor(b, k, n);
  const expected = finish(multiply(left, right), {
    bias: c.bias ? bias : undefined,
    residual: c.residual ? rowMajor(residual, m, n) : undefined,
    activation,
    param,
    derivativeAt: c.derivative ? rowMajor(input, m, n) : undefined,
  });
  expectClose(gather(outputs[0], m, n, ldc), expected);
  const gaps = outputs[0].filter((_, i) => i % ldc >= n);
  expect(gaps.every(Number.isNaN), "gaps between the rows of C are untouched").toBe(true);
}
