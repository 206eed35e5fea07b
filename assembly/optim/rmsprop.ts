// RMSprop (Tieleman & Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"; centred: Graves 2013,
// arXiv:1308.0850) and Adagrad (Duchi, Hazan & Singer 2011), in PyTorch's arithmetic:
//   g <- scale g + weightDecay w
//   v <- alpha v + (1 - alpha) g^2      with `sums`, Adagrad:  v <- v + g^2
//   a <- alpha a + (1 - alpha) g        s = v - a^2 where there is an a, else v
//   u = g / (sqrt(s + initial) + eps)   where there is a b:  b <- momentum b + u,  u = b
//   w <- w - lr c u                     c at `correction`, 1 where that is 0
// The record holds rate = 1 - alpha; see adam.ts.
import { RmspropRecord } from "../generated/records";
import { load_4, range_begin, store_4 } from "../range";
import { fma } from "../simd";

/** Bytes `i` to `end` of the weights; with `part`, one vector that ends there. */
// @ts-ignore: decorator
@inline
function update(r: RmspropRecord, i: usize, end: usize, part: bool): void {
  const w = r.w, g = r.g, v = r.v, a = r.a, b = r.b, scale = r.scale, correction = r.correction;
  const step = f32x4.splat(-load<f32>(r.lr) * r.lrScale * (correction ? load<f32>(correction) : 1));
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1), decay = f32x4.splat(r.weightDecay);
  const r2 = f32x4.splat(r.rate), b2 = f32x4.splat(r.sums ? 1 : 1 - r.rate), zero = f32x4.splat(0);
  const epsilon = f32x4.splat(r.eps), initial = f32x4.splat(r.initial), momentum = f32x4.splat(r.momentum);
  const count = part ? <i32>((end - i) >> 2) : 4;
  for (; i < end; i += 16) {
    const w0 = load_4(w + i, count, 0, part);
    const g0 = fma(w0, decay, f32x4.mul(load_4(g + i, count, 0, part), factor));
    const v0 = fma(load_4(v + i, count, 0, part), b2, f32x4.mul(f32x4.mul(g0, g0), r2));
    store_4(v + i, v0, count, part);
    let s0 = v0;
    if (a) {
      const a0 = fma(load_4(a + i, count, 0, part), b2, f32x4.mul(g0, r2));
      store_4(a + i, a0, count, part);
      s0 = f32x4.max(f32x4.sub(v0, f32x4.mul(a0, a0)), zero); // rounding may leave less than 0
    }
    let u0 = f32x4.div(g0, f32x4.add(f32x4.sqrt(f32x4.add(s0, initial)), epsilon));
    if (b) {
      u0 = fma(load_4(b + i, count, 0, part), momentum, u0);
      store_4(b + i, u0, count, part);
    }
    store_4(w + i, fma(u0, step, w0), count, part);
  }
}

/** scale = 0: gradients as they are. */
export function f32_rmsprop(r: RmspropRecord, part: i32, parts: i32): void {
  const first = <usize>range_begin(r.n, 16, part, parts) << 2, end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  const whole = first + ((end - first) & ~15);
  if (first < whole) update(r, first, whole, false);
  if (whole < end) update(r, whole, end, true);
}
