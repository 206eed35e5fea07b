// The micro-kernels of f32_gemm: a tile of C, up to MR rows by NR = 8 columns, held in registers while k runs. A is
// packed [k][rows], B [k][8], both contiguous.
//
//   C[i][0..8) = sum over l < k of A[l][i] * B[l][0..8)
//
// Pointers move first and are read afterwards, and the last B ends the loop: V8 takes the sum of an addition as an
// address as it is, but widens a loop variable by one more instruction, and a counter would be another. Together that
// is 5 instructions of 37 and 8 to 20 % of the speed (the C compiler's loop of 30 reaches 40 GFLOPS, this one 37).
//
// One pointer into A instead of one for each row saves instructions, which is what limits the loop on machines that
// decode 6 a cycle: 5x8 packed 29 GFLOPS, 5x8 by row pointers 24, 4x8 by row pointers 24, 4x8 packed 25 (NOTES.md).
// One flat loop with plain stores after it: anything else spills on V8 11 and 12. The simd build has registers for
// 5 rows (10 accumulators, 2 vectors of B, a splat, a product), the relaxed build for 6.
import { FMA, fma, zero_v128 } from "../simd";

/** Columns of a tile and of a packed panel of B. */
// @ts-ignore: decorator
@inline
export const NR: i32 = 8;

/** Rows of the largest packed tile. */
// @ts-ignore: decorator
@inline
export const PACKED_MR: i32 = FMA ? 6 : 5;

/** The tile of `rows`, a constant: the micro-kernels below are this. */
// @ts-ignore: decorator
@inline
export function sum_rows(rows: i32, a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  let c00 = zero_v128(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  const step = <usize>rows << 2;
  a -= step;
  b -= 32;
  const end = b + (<usize>k << 5);
  while (b < end) {
    a += step;
    b += 32;
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = fma(s, b0, c00); c01 = fma(s, b1, c01);
    if (rows > 1) { s = v128.load32_splat(a, 4); c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); }
    if (rows > 2) { s = v128.load32_splat(a, 8); c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); }
    if (rows > 3) { s = v128.load32_splat(a, 12); c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); }
    if (rows > 4) { s = v128.load32_splat(a, 16); c40 = fma(s, b0, c40); c41 = fma(s, b1, c41); }
    if (rows > 5) { s = v128.load32_splat(a, 20); c50 = fma(s, b0, c50); c51 = fma(s, b1, c51); }
  }
  // Row i is stored at the offset that A's element i was loaded at: V8 11 then keeps that base in a register, where it
  // would add it up anew for each load.
  cStride -= 4;
  v128.store(c, c00); v128.store(c, c01, 16);
  if (rows > 1) { c += cStride; v128.store(c, c10, 4); v128.store(c, c11, 20); }
  if (rows > 2) { c += cStride; v128.store(c, c20, 8); v128.store(c, c21, 24); }
  if (rows > 3) { c += cStride; v128.store(c, c30, 12); v128.store(c, c31, 28); }
  if (rows > 4) { c += cStride; v128.store(c, c40, 16); v128.store(c, c41, 32); }
  if (rows > 5) { c += cStride; v128.store(c, c50, 20); v128.store(c, c51, 36); }
}

export function f32_gemm_ukernel_packed_1x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(1, a, b, k, c, cStride);
}

export function f32_gemm_ukernel_packed_2x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(2, a, b, k, c, cStride);
}

export function f32_gemm_ukernel_packed_3x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(3, a, b, k, c, cStride);
}

export function f32_gemm_ukernel_packed_4x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(4, a, b, k, c, cStride);
}

export function f32_gemm_ukernel_packed_5x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(5, a, b, k, c, cStride);
}

/** Relaxed build only: without FMA it spills. */
export function f32_gemm_ukernel_packed_6x8(a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  sum_rows(6, a, b, k, c, cStride);
}

/** The tile of `rows` (1 to PACKED_MR) rows. */
// @ts-ignore: decorator
@inline
export function f32_gemm_ukernel_packed(rows: i32, a: usize, b: usize, k: i32, c: usize, cStride: usize): void {
  switch (rows) {
    case 6: if (FMA) f32_gemm_ukernel_packed_6x8(a, b, k, c, cStride); break;
    case 5: f32_gemm_ukernel_packed_5x8(a, b, k, c, cStride); break;
    case 4: f32_gemm_ukernel_packed_4x8(a, b, k, c, cStride); break;
    case 3: f32_gemm_ukernel_packed_3x8(a, b, k, c, cStride); break;
    case 2: f32_gemm_ukernel_packed_2x8(a, b, k, c, cStride); break;
    default: f32_gemm_ukernel_packed_1x8(a, b, k, c, cStride);
  }
}
