// y[i][j] = epilogue(W[j] . x[i]) for few rows i: W is [n][k] as a Linear layer stores it, read once, in place.
//
// Four rows of W at a time make one vector of four results. Eight accumulators hide the latency of the additions:
// 4 rows of W by 2 vectors of k for a single x, 4 rows of W by 2 rows of x otherwise. The order of a sum depends on k
// and on whether its x row has a partner, never on the thread count.
import { GemvRecord } from "../generated/records";
import { load_part } from "../range";
import { fma, zero_v128 } from "../simd";
import { claim } from "../sync";
import { epilogue_store } from "./epilogue";

/** The sums of the lanes of four vectors, as one vector. */
// @ts-ignore: decorator
@inline
function sum_4(x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const t0 = f32x4.add(v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), v128.shuffle<i32>(x0, x1, 2, 6, 3, 7));
  const t1 = f32x4.add(v128.shuffle<i32>(x2, x3, 0, 4, 1, 5), v128.shuffle<i32>(x2, x3, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(t0, t1, 0, 2), v128.shuffle<i64>(t0, t1, 1, 3));
}

/** The products of one x with four rows of W. */
export function f32_gemv_4x1(w0: usize, w1: usize, w2: usize, w3: usize, x: usize, k: i32): v128 {
  let s0 = zero_v128(), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
  for (; k >= 8; k -= 8) {
    let v = v128.load(x);
    s0 = fma(v, v128.load(w0), s0); s1 = fma(v, v128.load(w1), s1);
    s2 = fma(v, v128.load(w2), s2); s3 = fma(v, v128.load(w3), s3);
    v = v128.load(x, 16);
    t0 = fma(v, v128.load(w0, 16), t0); t1 = fma(v, v128.load(w1, 16), t1);
    t2 = fma(v, v128.load(w2, 16), t2); t3 = fma(v, v128.load(w3, 16), t3);
    x += 32; w0 += 32; w1 += 32; w2 += 32; w3 += 32;
  }
  if (k >= 4) {
    const v = v128.load(x);
    s0 = fma(v, v128.load(w0), s0); s1 = fma(v, v128.load(w1), s1);
    s2 = fma(v, v128.load(w2), s2); s3 = fma(v, v128.load(w3), s3);
    x += 16; w0 += 16; w1 += 16; w2 += 16; w3 += 16;
  }
  k &= 3;
  if (k) {
    const v = load_part(x, k, 0);
    t0 = fma(v, load_part(w0, k, 0), t0); t1 = fma(v, load_part(w1, k, 0), t1);
    t2 = fma(v, load_part(w2, k, 0), t2); t3 = fma(v, load_part(w3, k, 0), t3);
  }
  return sum_4(f32x4.add(s0, t0), f32x4.add(s1, t1), f32x4.add(s2, t2), f32x4.add(s3, t3));
}

/** The products of x with four rows of W are returned, those of z are stored at `out`. */
export function f32_gemv_4x2(w0: usize, w1: usize, w2: usize, w3: usize, x: usize, z: usize, k: i32, out: usize): v128 {
  let s0 = zero_v128(), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
  for (; k >= 4; k -= 4) {
    const v = v128.load(x), u = v128.load(z);
    let w = v128.load(w0);
    s0 = fma(v, w, s0); t0 = fma(u, w, t0);
    w = v128.load(w1);
    s1 = fma(v, w, s1); t1 = fma(u, w, t1);
    w = v128.load(w2);
    s2 = fma(v, w, s2); t2 = fma(u, w, t2);
    w = v128.load(w3);
    s3 = fma(v, w, s3); t3 = fma(u, w, t3);
    x += 16; z += 16; w0 += 16; w1 += 16; w2 += 16; w3 += 16;
  }
  if (k) {
    const v = load_part(x, k, 0), u = load_part(z, k, 0);
    let w = load_part(w0, k, 0);
    s0 = fma(v, w, s0); t0 = fma(u, w, t0);
    w = load_part(w1, k, 0);
    s1 = fma(v, w, s1); t1 = fma(u, w, t1);
    w = load_part(w2, k, 0);
    s2 = fma(v, w, s2); t2 = fma(u, w, t2);
    w = load_part(w3, k, 0);
    s3 = fma(v, w, s3); t3 = fma(u, w, t3);
  }
  v128.store(out, sum_4(t0, t1, t2, t3));
  return sum_4(s0, s1, s2, s3);
}

/** A vector of a thread's scratch holds the results of the second row. */
export function f32_gemv(r: GemvRecord, thread: i32, threads: i32): void {
  const w = r.w, x = r.x, m = r.m, n = r.n, k = r.k, e = r.epilogue;
  const wStride = <usize>r.ldw << 2, xStride = <usize>r.ldx << 2, yStride = <usize>r.ldy << 2;
  const second = r.scratch + <usize>thread * r.scratchStride;
  let item = 0;
  while ((item = claim((n + 3) >> 2, thread, threads)) >= 0) {
    // After the last row of W the same row stands in for the missing ones; their results are not stored.
    const j = item << 2, count = min(n - j, 4), column = <usize>j << 2;
    const w0 = w + <usize>j * wStride;
    const w1 = count > 1 ? w0 + wStride : w0, w2 = count > 2 ? w1 + wStride : w1, w3 = count > 3 ? w2 + wStride : w2;
    let xi = x, at = column;
    for (let i = 0; i < m; i += 2) {
      if (m - i == 1) {
        epilogue_store(f32_gemv_4x1(w0, w1, w2, w3, xi, k), at, column, count, e);
        break;
      }
      const v = f32_gemv_4x2(w0, w1, w2, w3, xi, xi + xStride, k, second);
      epilogue_store(v, at, column, count, e);
      epilogue_store(v128.load(second), at + yStride, column, count, e);
      xi += xStride << 1;
      at += yStride << 1;
    }
  }
}
