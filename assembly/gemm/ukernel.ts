// The micro-kernels: a tile of C, MR rows by NR = 8 columns, held in registers while k runs.
//
//   C[i][0..8) = ini[i][0..8) + sum over segments s and steps l of A_i[s][l] * B[s][l][0..8)
//
// A_i[s][l] stands at a_i + s * (length * aStep + aSegment) + l * aStep: one number for each of MR row pointers.
// B[s][l] is 8 numbers at  b + s * (length * bStep + bSegment) + l * bStep.
// All steps and strides are in bytes. So one kernel serves
//   row-major A in place:  a_i = a + i * lda * 4, aStep = 4, one segment of length k, bStep = 32 (packed panel)
//   A stored [k][m]:       a_i = a + i * 4, aStep = lda * 4
//   convolution, NHWC:     a_i = the first pixel under output pixel i, KH segments of KW * C numbers,
//                          aSegment = (padded width - KW) * C * 4
//   dW of a convolution:   a_i = x + i * 4, aStep = C * 4, b = dy in place, bStep = OC * 4, segments = image rows
// Every element of C is summed in the order of k whatever MR is, so tiling never changes a bit of the result.
//
// 16 registers must hold MR * 2 accumulators, 2 vectors of B, one splat and (without FMA) one product: 4 rows in the
// simd build, up to 6 in the relaxed one. Loop shapes follow what V8 compiles without spilling: one k an iteration; the
// accumulators start by loads and end in plain stores, so bias and activation are a second pass over the stored tile;
// two nested loops up to 4 rows, one flat loop for 5 and 6 (nested they fall to 40 % on V8 11 and 12): these take
// one segment a call, further segments continue with ini = c. For packed A see ukernel_packed.ts.
import { fma } from "../simd";

/** Columns of a tile and of a packed panel of B. */
// @ts-ignore: decorator
@inline
export const NR: i32 = 8;

// @ts-ignore: decorator
@inline
function body(rows: i32, nested: bool, a0: usize, a1: usize, a2: usize, a3: usize, a4: usize, a5: usize,
  aStep: usize, aSegment: usize, b: usize, bStep: usize, bSegment: usize, segments: i32, length: i32,
  ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  let c00 = v128.load(ini), c01 = v128.load(ini, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01, c40 = c00, c41 = c01, c50 = c00, c51 = c01;
  if (rows > 1) { ini += iniStride; c10 = v128.load(ini); c11 = v128.load(ini, 16); }
  if (rows > 2) { ini += iniStride; c20 = v128.load(ini); c21 = v128.load(ini, 16); }
  if (rows > 3) { ini += iniStride; c30 = v128.load(ini); c31 = v128.load(ini, 16); }
  if (rows > 4) { ini += iniStride; c40 = v128.load(ini); c41 = v128.load(ini, 16); }
  if (rows > 5) { ini += iniStride; c50 = v128.load(ini); c51 = v128.load(ini, 16); }

  if (nested) {
    for (; segments > 0; --segments) {
      for (let l = length; l > 0; --l) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let a = v128.load32_splat(a0);
        c00 = fma(a, b0, c00); c01 = fma(a, b1, c01); a0 += aStep;
        if (rows > 1) { a = v128.load32_splat(a1); c10 = fma(a, b0, c10); c11 = fma(a, b1, c11); a1 += aStep; }
        if (rows > 2) { a = v128.load32_splat(a2); c20 = fma(a, b0, c20); c21 = fma(a, b1, c21); a2 += aStep; }
        if (rows > 3) { a = v128.load32_splat(a3); c30 = fma(a, b0, c30); c31 = fma(a, b1, c31); a3 += aStep; }
        b += bStep;
      }
      a0 += aSegment;
      if (rows > 1) a1 += aSegment;
      if (rows > 2) a2 += aSegment;
      if (rows > 3) a3 += aSegment;
      b += bSegment;
    }
  } else {
    for (let l = length; l > 0; --l) {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let a = v128.load32_splat(a0);
      c00 = fma(a, b0, c00); c01 = fma(a, b1, c01); a0 += aStep;
      a = v128.load32_splat(a1); c10 = fma(a, b0, c10); c11 = fma(a, b1, c11); a1 += aStep;
      a = v128.load32_splat(a2); c20 = fma(a, b0, c20); c21 = fma(a, b1, c21); a2 += aStep;
      a = v128.load32_splat(a3); c30 = fma(a, b0, c30); c31 = fma(a, b1, c31); a3 += aStep;
      a = v128.load32_splat(a4); c40 = fma(a, b0, c40); c41 = fma(a, b1, c41); a4 += aStep;
      if (rows > 5) { a = v128.load32_splat(a5); c50 = fma(a, b0, c50); c51 = fma(a, b1, c51); a5 += aStep; }
      b += bStep;
    }
  }

  v128.store(c, c00); v128.store(c, c01, 16);
  if (rows > 1) { c += cStride; v128.store(c, c10); v128.store(c, c11, 16); }
  if (rows > 2) { c += cStride; v128.store(c, c20); v128.store(c, c21, 16); }
  if (rows > 3) { c += cStride; v128.store(c, c30); v128.store(c, c31, 16); }
  if (rows > 4) { c += cStride; v128.store(c, c40); v128.store(c, c41, 16); }
  if (rows > 5) { c += cStride; v128.store(c, c50); v128.store(c, c51, 16); }
}

export function f32_gemm_ukernel_1x8(a0: usize, aStep: usize, aSegment: usize, b: usize, bStep: usize, bSegment: usize,
  segments: i32, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(1, true, a0, 0, 0, 0, 0, 0, aStep, aSegment, b, bStep, bSegment, segments, length, ini, iniStride, c, cStride);
}

export function f32_gemm_ukernel_2x8(a0: usize, a1: usize, aStep: usize, aSegment: usize, b: usize, bStep: usize,
  bSegment: usize, segments: i32, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(2, true, a0, a1, 0, 0, 0, 0, aStep, aSegment, b, bStep, bSegment, segments, length, ini, iniStride, c, cStride);
}

export function f32_gemm_ukernel_3x8(a0: usize, a1: usize, a2: usize, aStep: usize, aSegment: usize, b: usize,
  bStep: usize, bSegment: usize, segments: i32, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(3, true, a0, a1, a2, 0, 0, 0, aStep, aSegment, b, bStep, bSegment, segments, length, ini, iniStride, c, cStride);
}

export function f32_gemm_ukernel_4x8(a0: usize, a1: usize, a2: usize, a3: usize, aStep: usize, aSegment: usize, b: usize,
  bStep: usize, bSegment: usize, segments: i32, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(4, true, a0, a1, a2, a3, 0, 0, aStep, aSegment, b, bStep, bSegment, segments, length, ini, iniStride, c, cStride);
}

/** One segment; relaxed build. */
export function f32_gemm_ukernel_5x8(a0: usize, a1: usize, a2: usize, a3: usize, a4: usize, aStep: usize, b: usize,
  bStep: usize, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(5, false, a0, a1, a2, a3, a4, 0, aStep, 0, b, bStep, 0, 1, length, ini, iniStride, c, cStride);
}

/** One segment; relaxed build. */
export function f32_gemm_ukernel_6x8(a0: usize, a1: usize, a2: usize, a3: usize, a4: usize, a5: usize, aStep: usize,
  b: usize, bStep: usize, length: i32, ini: usize, iniStride: usize, c: usize, cStride: usize): void {
  body(6, false, a0, a1, a2, a3, a4, a5, aStep, 0, b, bStep, 0, 1, length, ini, iniStride, c, cStride);
}
