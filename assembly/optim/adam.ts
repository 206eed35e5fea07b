// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in PyTorch's arithmetic:
//   g <- scale g                               decoupled:  w <- w (1 - lr weightDecay)
//   otherwise  g <- g + weightDecay w
//   m <- beta1 m + (1 - beta1) g
//   v <- beta2 v + (1 - beta2) g^2
//   w <- w - lr c1 m / (sqrt(v) c2 + eps)      c1 = 1 / (1 - beta1^t),  c2 = 1 / sqrt(1 - beta2^t)
// The record holds rate = 1 - beta: as float32, 1 - 0.999 would be off by 1e-5, while 1 - rate is off by 3e-8.
import { AdamRecord } from "../generated/records";
import { load_4, range_begin, store_4 } from "../range";
import { fma } from "../simd";

// @ts-ignore: decorator
@inline
function update(w: usize, g: usize, m: usize, v: usize, factor: v128, decay: v128, shrink: v128, b1: v128, r1: v128,
  b2: v128, r2: v128, c2: v128, epsilon: v128, step: v128, count: i32, part: bool): void {
  const w0 = load_4(w, count, 0, part);
  const g0 = fma(w0, decay, f32x4.mul(load_4(g, count, 0, part), factor));
  const m0 = fma(load_4(m, count, 0, part), b1, f32x4.mul(g0, r1));
  const v0 = fma(load_4(v, count, 0, part), b2, f32x4.mul(f32x4.mul(g0, g0), r2));
  const denominator = fma(f32x4.sqrt(v0), c2, epsilon);
  store_4(m, m0, count, part);
  store_4(v, v0, count, part);
  store_4(w, fma(f32x4.div(m0, denominator), step, f32x4.mul(w0, shrink)), count, part);
}

/** `correction` points at c1 and c2; scale = 0: gradients as they are. */
export function f32_adam(r: AdamRecord, part: i32, parts: i32): void {
  const w = r.w, g = r.g, m = r.m, v = r.v, n = r.n, lr = r.lr, lrScale = r.lrScale, rate1 = r.rate1;
  const rate2 = r.rate2, eps = r.eps, weightDecay = r.weightDecay, decoupled = r.decoupled;
  const correction = r.correction, scale = r.scale;
  const rate = load<f32>(lr) * lrScale;
  const step = f32x4.splat(-rate * load<f32>(correction)), c2 = v128.load32_splat(correction, 4);
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1), epsilon = f32x4.splat(eps);
  const shrink = f32x4.splat(decoupled ? 1 - rate * weightDecay : 1), decay = f32x4.splat(decoupled ? 0 : weightDecay);
  const b1 = f32x4.splat(1 - rate1), r1 = f32x4.splat(rate1), b2 = f32x4.splat(1 - rate2), r2 = f32x4.splat(rate2);
  let i = <usize>range_begin(n, 16, part, parts) << 2;
  const end = <usize>range_begin(n, 16, part + 1, parts) << 2;
  for (; i + 16 <= end; i += 16) {
    update(w + i, g + i, m + i, v + i, factor, decay, shrink, b1, r1, b2, r2, c2, epsilon, step, 4, false);
  }
  const rest = <i32>((end - i) >> 2);
  if (rest > 0) {
    update(w + i, g + i, m + i, v + i, factor, decay, shrink, b1, r1, b2, r2, c2, epsilon, step, rest, true);
  }
}
