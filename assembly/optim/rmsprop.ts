// RMSprop (Tieleman & Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"; centred: Graves 2013,
// arXiv:1308.0850) and Adagrad (Duchi, Hazan & Singer 2011), in PyTorch's arithmetic:
//   g <- scale g + weightDecay w
//   v <- alpha v + (1 - alpha) g^2      with `sums`, Adagrad:  v <- v + g^2
//   a <- alpha a + (1 - alpha) g        s = v - a^2 where there is an a, else v
//   u = g / (sqrt(s + initial) + eps)   where there is a b:  b <- momentum b + u,  u = b
//   w <- w - lr c u                     c at `correction`, 1 where that is 0
// The record holds rate = 1 - alpha; see adam.ts.
import { RmspropRecord } from "../generated/records";
import { range_begin } from "../range";
import { fma } from "../simd";

/** scale = 0: gradients as they are. Runs of parameters are whole lines of 16. */
export function f32_rmsprop(r: RmspropRecord, part: i32, parts: i32): void {
  const w = r.w, g = r.g, v = r.v, a = r.a, b = r.b, scale = r.scale, correction = r.correction;
  const step = f32x4.splat(-load<f32>(r.lr) * r.lrScale * (correction ? load<f32>(correction) : 1));
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1), decay = f32x4.splat(r.weightDecay);
  const r2 = f32x4.splat(r.rate), b2 = f32x4.splat(r.sums ? 1 : 1 - r.rate), zero = f32x4.splat(0);
  const epsilon = f32x4.splat(r.eps), initial = f32x4.splat(r.initial), momentum = f32x4.splat(r.momentum);
  const end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  for (let i = <usize>range_begin(r.n, 16, part, parts) << 2; i < end; i += 16) {
    const w0 = v128.load(w + i);
    const g0 = fma(w0, decay, f32x4.mul(v128.load(g + i), factor));
    const v0 = fma(v128.load(v + i), b2, f32x4.mul(f32x4.mul(g0, g0), r2));
    v128.store(v + i, v0);
    let s0 = v0;
    if (a) {
      const a0 = fma(v128.load(a + i), b2, f32x4.mul(g0, r2));
      v128.store(a + i, a0);
      s0 = f32x4.max(f32x4.sub(v0, f32x4.mul(a0, a0)), zero); // rounding may leave less than 0
    }
    let u0 = f32x4.div(g0, f32x4.add(f32x4.sqrt(f32x4.add(s0, initial)), epsilon));
    if (b) {
      u0 = fma(v128.load(b + i), momentum, u0);
      v128.store(b + i, u0);
    }
    v128.store(w + i, fma(u0, step, w0));
  }
}
