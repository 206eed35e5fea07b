// Global gradient norm, clipping factor (Pascanu et al. 2013) and the check for numbers that are not finite.
import { GradNormRecord } from "../generated/records";
import { load_part } from "../range";
import { sum_f64_lanes } from "../reduce/chunks";
import { claim, sync } from "../sync";

/** Squares in float64: no float32 gradient overflows or vanishes in its square. */
// @ts-ignore: decorator
@inline
function squares(x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x), high = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high));
}

/**
 * *norm = sqrt(sum g^2), *scale = min(1, maxNorm / (norm + 1e-6)) or 1 when maxNorm is 0 (PyTorch's clip_grad_norm_).
 * Sets *status to 1 when the norm or *loss (loss may be 0) is not finite, and leaves it alone otherwise.
 * `partial`: one float64 a chunk.
 */
export function f32_grad_norm(r: GradNormRecord, thread: i32, threads: i32): void {
  const g = r.g, n = r.n, maxNorm = r.maxNorm, norm = r.norm, scale = r.scale, loss = r.loss;
  const status = r.status, partial = r.partial;
  const size = r.chunk, chunks = (n + size - 1) / size;
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    const end = g + (<usize>min(n, (chunk + 1) * size) << 2);
    let p = g + (<usize>(chunk * size) << 2);
    let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
    for (; p + 64 <= end; p += 64) {
      s0 = f64x2.add(s0, squares(v128.load(p)));
      s1 = f64x2.add(s1, squares(v128.load(p, 16)));
      s2 = f64x2.add(s2, squares(v128.load(p, 32)));
      s3 = f64x2.add(s3, squares(v128.load(p, 48)));
    }
    for (; p + 16 <= end; p += 16) s0 = f64x2.add(s0, squares(v128.load(p)));
    if (p < end) s1 = f64x2.add(s1, squares(load_part(p, <i32>((end - p) >> 2), 0)));
    store<f64>(partial + (<usize>chunk << 3), sum_f64_lanes(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3))));
  }
  sync(thread, threads);
  if (thread == 0) {
    let total: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) total += load<f64>(partial + (<usize>chunk << 3));
    const length = <f32>sqrt<f64>(total);
    store<f32>(norm, length);
    store<f32>(scale, maxNorm > 0 ? min<f32>(1, maxNorm / (length + 1e-6)) : 1);
    const lossValue: f32 = loss ? load<f32>(loss) : 0;
    // x - x is NaN for NaN and the infinities.
    if (length - length != 0 || lossValue - lossValue != 0) store<i32>(status, 1);
  }
}
