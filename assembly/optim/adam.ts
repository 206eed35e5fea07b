// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in PyTorch's arithmetic:
//   g <- scale g                               decoupled:  w <- w (1 - lr weightDecay)
//   otherwise  g <- g + weightDecay w
//   m <- beta1 m + (1 - beta1) g
//   v <- beta2 v + (1 - beta2) g^2
//   top <- max(top, v), in place of v below, where there is a top: AMSGrad (Reddi, Kale & Kumar 2018)
//   w <- w - lr c1 m / (sqrt(v) c2 + eps)      c1 = 1 / (1 - beta1^t),  c2 = 1 / sqrt(1 - beta2^t)
// The record holds rate = 1 - beta: as float32, 1 - 0.999 would be off by 1e-5, while 1 - rate is off by 3e-8.
import { AdamRecord } from "../generated/records";
import { range_begin } from "../range";
import { fma } from "../simd";

/** `correction` points at c1 and c2; scale = 0: gradients as they are. Runs of parameters are whole lines of 16. */
export function f32_adam(r: AdamRecord, part: i32, parts: i32): void {
  let i = <usize>range_begin(r.n, 16, part, parts) << 2;
  const end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  if (i >= end) return;
  const w = r.w, g = r.g, m = r.m, v = r.v, top = r.top;
  const rate = load<f32>(r.lr) * r.lrScale, weightDecay = r.weightDecay, scale = r.scale;
  const step = f32x4.splat(-rate * load<f32>(r.correction)), c2 = v128.load32_splat(r.correction, 4);
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1), epsilon = f32x4.splat(r.eps);
  const shrink = f32x4.splat(r.decoupled ? 1 - rate * weightDecay : 1);
  const decay = f32x4.splat(r.decoupled ? 0 : weightDecay);
  const b1 = f32x4.splat(1 - r.rate1), r1 = f32x4.splat(r.rate1);
  const b2 = f32x4.splat(1 - r.rate2), r2 = f32x4.splat(r.rate2);
  // The body comes before the test: V8 takes constants out of a loop only where every way out leads through their uses.
  // It is a third faster so.
  do {
    const w0 = v128.load(w + i);
    const g0 = fma(w0, decay, f32x4.mul(v128.load(g + i), factor));
    const m0 = fma(v128.load(m + i), b1, f32x4.mul(g0, r1));
    const v0 = fma(v128.load(v + i), b2, f32x4.mul(f32x4.mul(g0, g0), r2));
    v128.store(m + i, m0);
    v128.store(v + i, v0);
    let s0 = v0;
    if (top) {
      s0 = f32x4.max(v128.load(top + i), v0);
      v128.store(top + i, s0);
    }
    const denominator = fma(f32x4.sqrt(s0), c2, epsilon);
    v128.store(w + i, fma(f32x4.div(m0, denominator), step, f32x4.mul(w0, shrink)));
    i += 16;
  } while (i < end);
}
