// Micro-kernels of two panels of B at a time, 16 columns, for builds that V8 widens to vectors of 256 bits
// (--experimental-wasm-revectorize): it joins two vectors 16 bytes apart that are computed alike and stored side by
// side, so that a tile of 6x16 fills 12 of 16 registers. Each sum is that of ukernel.ts, product by product. GFLOPS on
// one core, Node 26 with FMA: 6x8 57 without the flag, 83 with; 6x16 40 and 115.
import { fma, zero_v128 } from "../simd";

/** The second panel stands `right` bytes after the first, its sums `far` bytes after those of the first. */
// @ts-ignore: decorator
@inline
function body(rows: i32, a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize, far: usize): void {
  let c00 = zero_v128(), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let c20 = c00, c21 = c00, c22 = c00, c23 = c00, c30 = c00, c31 = c00, c32 = c00, c33 = c00;
  let c40 = c00, c41 = c00, c42 = c00, c43 = c00, c50 = c00, c51 = c00, c52 = c00, c53 = c00;
  const step = <usize>rows << 2;
  a -= step;
  b -= 32;
  let d = b + right;
  const end = b + (<usize>k << 5);
  while (b < end) {
    a += step;
    b += 32;
    d += 32;
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(d), b3 = v128.load(d, 16);
    let s = v128.load32_splat(a);
    c00 = fma(s, b0, c00); c01 = fma(s, b1, c01); c02 = fma(s, b2, c02); c03 = fma(s, b3, c03);
    if (rows > 1) {
      s = v128.load32_splat(a, 4);
      c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); c12 = fma(s, b2, c12); c13 = fma(s, b3, c13);
    }
    if (rows > 2) {
      s = v128.load32_splat(a, 8);
      c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); c22 = fma(s, b2, c22); c23 = fma(s, b3, c23);
    }
    if (rows > 3) {
      s = v128.load32_splat(a, 12);
      c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); c32 = fma(s, b2, c32); c33 = fma(s, b3, c33);
    }
    if (rows > 4) {
      s = v128.load32_splat(a, 16);
      c40 = fma(s, b0, c40); c41 = fma(s, b1, c41); c42 = fma(s, b2, c42); c43 = fma(s, b3, c43);
    }
    if (rows > 5) {
      s = v128.load32_splat(a, 20);
      c50 = fma(s, b0, c50); c51 = fma(s, b1, c51); c52 = fma(s, b2, c52); c53 = fma(s, b3, c53);
    }
  }
  let e = c + far;
  v128.store(c, c01, 16); v128.store(c, c00); v128.store(e, c03, 16); v128.store(e, c02);
  if (rows > 1) {
    c += cStride; e += cStride;
    v128.store(c, c11, 16); v128.store(c, c10); v128.store(e, c13, 16); v128.store(e, c12);
  }
  if (rows > 2) {
    c += cStride; e += cStride;
    v128.store(c, c21, 16); v128.store(c, c20); v128.store(e, c23, 16); v128.store(e, c22);
  }
  if (rows > 3) {
    c += cStride; e += cStride;
    v128.store(c, c31, 16); v128.store(c, c30); v128.store(e, c33, 16); v128.store(e, c32);
  }
  if (rows > 4) {
    c += cStride; e += cStride;
    v128.store(c, c41, 16); v128.store(c, c40); v128.store(e, c43, 16); v128.store(e, c42);
  }
  if (rows > 5) {
    c += cStride; e += cStride;
    v128.store(c, c51, 16); v128.store(c, c50); v128.store(e, c53, 16); v128.store(e, c52);
  }
}

export function f32_gemm_ukernel_packed_1x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(1, a, b, right, k, c, cStride, far);
}

export function f32_gemm_ukernel_packed_2x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(2, a, b, right, k, c, cStride, far);
}

export function f32_gemm_ukernel_packed_3x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(3, a, b, right, k, c, cStride, far);
}

export function f32_gemm_ukernel_packed_4x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(4, a, b, right, k, c, cStride, far);
}

export function f32_gemm_ukernel_packed_5x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(5, a, b, right, k, c, cStride, far);
}

/** Relaxed build only: without FMA it spills. */
export function f32_gemm_ukernel_packed_6x16(a: usize, b: usize, right: usize, k: i32, c: usize, cStride: usize,
  far: usize): void {
  body(6, a, b, right, k, c, cStride, far);
}

/** The tile of `rows` (1 to PACKED_MR) rows. */
// @ts-ignore: decorator
@inline
export function f32_gemm_ukernel_packed_wide(rows: i32, a: usize, b: usize, right: usize, k: i32, c: usize,
  cStride: usize, far: usize): void {
  switch (rows) {
    case 6: if (ASC_FEATURE_RELAXED_SIMD) f32_gemm_ukernel_packed_6x16(a, b, right, k, c, cStride, far); break;
    case 5: f32_gemm_ukernel_packed_5x16(a, b, right, k, c, cStride, far); break;
    case 4: f32_gemm_ukernel_packed_4x16(a, b, right, k, c, cStride, far); break;
    case 3: f32_gemm_ukernel_packed_3x16(a, b, right, k, c, cStride, far); break;
    case 2: f32_gemm_ukernel_packed_2x16(a, b, right, k, c, cStride, far); break;
    default: f32_gemm_ukernel_packed_1x16(a, b, right, k, c, cStride, far);
  }
}
