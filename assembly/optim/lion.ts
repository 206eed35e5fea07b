// Lion, evolved sign momentum (Chen et al. 2023, arXiv:2302.06675, algorithm 2), with decoupled weight decay:
//   g <- scale g
//   w <- w (1 - lr weightDecay) - lr sign(beta1 m + (1 - beta1) g)     sign(0) = 0
//   m <- beta2 m + (1 - beta2) g
// The record holds rate = 1 - beta; see adam.ts.
import { LionRecord } from "../generated/records";
import { range_begin } from "../range";
import { fma } from "../simd";

/** scale = 0: gradients as they are. Runs of parameters are whole lines of 16. */
export function f32_lion(r: LionRecord, part: i32, parts: i32): void {
  const w = r.w, g = r.g, m = r.m, scale = r.scale;
  const rate = load<f32>(r.lr) * r.lrScale;
  const step = f32x4.splat(-rate), shrink = f32x4.splat(1 - rate * r.weightDecay);
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1), negative = f32x4.splat(-0.0), zero = f32x4.splat(0);
  const b1 = f32x4.splat(1 - r.rate1), r1 = f32x4.splat(r.rate1);
  const b2 = f32x4.splat(1 - r.rate2), r2 = f32x4.splat(r.rate2);
  const end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  for (let i = <usize>range_begin(r.n, 16, part, parts) << 2; i < end; i += 16) {
    const g0 = f32x4.mul(v128.load(g + i), factor);
    const m0 = v128.load(m + i);
    const u0 = fma(m0, b1, f32x4.mul(g0, r1));
    // -rate with the sign of u turned over where u is negative, 0 where u is 0
    const s0 = v128.and(v128.xor(step, v128.and(u0, negative)), f32x4.ne(u0, zero));
    v128.store(m + i, fma(m0, b2, f32x4.mul(g0, r2)));
    v128.store(w + i, fma(v128.load(w + i), shrink, s0));
  }
}
