// Stochastic gradient descent as PyTorch defines it (Sutskever et al. 2013, with the learning rate outside of v):
//   g <- scale g + weightDecay w
//   v <- momentum v + (1 - dampening) g       with v = 0 and dampening = 0 in the first step
//   w <- w - lr v,  Nesterov: w - lr (g + momentum v)
import { SgdRecord } from "../generated/records";
import { range_begin } from "../range";
import { fma } from "../simd";

// @ts-ignore: decorator
@inline
function velocity(v: v128, g: v128, momentum: v128, kept: v128): v128 {
  return fma(v, momentum, f32x4.mul(g, kept));
}

/**
 * v = 0: no momentum; dampening = 0: none; scale = 0: gradients as they are. Runs of parameters are whole lines of 16.
 */
export function f32_sgd(r: SgdRecord, part: i32, parts: i32): void {
  const w = r.w, g = r.g, v = r.v, n = r.n, lr = r.lr, lrScale = r.lrScale, momentum = r.momentum;
  const dampening = r.dampening, weightDecay = r.weightDecay, nesterov = r.nesterov, scale = r.scale;
  const rate = f32x4.splat(-load<f32>(lr) * lrScale), decay = f32x4.splat(weightDecay), mu = f32x4.splat(momentum);
  const factor = f32x4.splat(scale ? load<f32>(scale) : 1);
  const kept = f32x4.splat(dampening ? 1 - load<f32>(dampening) : 1);
  let i = <usize>range_begin(n, 16, part, parts) << 2;
  const end = <usize>range_begin(n, 16, part + 1, parts) << 2;
  if (v && !nesterov) {
    // The usual case, two vectors an iteration.
    for (; i + 32 <= end; i += 32) {
      const w0 = v128.load(w + i), w1 = v128.load(w + i, 16);
      const g0 = fma(w0, decay, f32x4.mul(v128.load(g + i), factor));
      const g1 = fma(w1, decay, f32x4.mul(v128.load(g + i, 16), factor));
      const v0 = velocity(v128.load(v + i), g0, mu, kept);
      const v1 = velocity(v128.load(v + i, 16), g1, mu, kept);
      v128.store(v + i, v0);
      v128.store(v + i, v1, 16);
      v128.store(w + i, fma(v0, rate, w0));
      v128.store(w + i, fma(v1, rate, w1), 16);
    }
  }
  for (; i < end; i += 16) {
    const w0 = v128.load(w + i);
    let step = fma(w0, decay, f32x4.mul(v128.load(g + i), factor));
    if (v) {
      const v0 = velocity(v128.load(v + i), step, mu, kept);
      v128.store(v + i, v0);
      step = nesterov ? fma(v0, mu, step) : v0;
    }
    v128.store(w + i, fma(step, rate, w0));
  }
}
