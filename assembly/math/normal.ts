// The normal distribution: density phi, distribution function Phi, and what GELU needs of both.
//
//   e = e^(-t^2 / 2) = 2^n 2^f with t = |x|,  n the integer nearest to -t^2 / (2 ln 2)
//   Phi(-t) = e M(t),  M = P / Q  (Mills' ratio over sqrt(2 pi), a rational function fitted to it here)
//   Phi(x) = e M for x < 0, 1 - e M otherwise;  phi(x) = e / sqrt(2 pi)
//
// The error of P / Q is at most 3.3e-9 / Phi(-t) of M up to t = 4.5, and 3e-5 of M beyond. At t = 13.27, where t is
// clamped, e is 0 exactly.
import { fma, relu_v128 } from "../simd";
import { exp2_negative_v128, LOG2_E } from "./exp";

// @ts-ignore: decorator
@inline
const LAST: f32 = 13.27;
// @ts-ignore: decorator
@inline
const DENSITY: f32 = 0.3989422804014327; // 1 / sqrt(2 pi)

/** min(|x|, LAST); NaN passes. */
// @ts-ignore: decorator
@inline
function clamped(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), f32x4.splat(LAST));
}

/** e^(-t^2 / 2) for 0 <= t <= LAST. */
// @ts-ignore: decorator
@inline
function bell(t: v128): v128 {
  return exp2_negative_v128(f32x4.mul(f32x4.mul(t, t), f32x4.splat(-0.5 * LOG2_E)));
}

/** M(t) for 0 <= t <= LAST. */
// @ts-ignore: decorator
@inline
function mills(t: v128): v128 {
  let p = fma(f32x4.splat(0.012587976588899853), t, f32x4.splat(0.09992050726942883));
  let q = fma(f32x4.splat(0.03157318348767358), t, f32x4.splat(0.24986423439131647));
  p = fma(p, t, f32x4.splat(0.32662472448886326));
  q = fma(q, t, f32x4.splat(0.857685873914079));
  p = fma(p, t, f32x4.splat(0.5));
  q = fma(q, t, f32x4.splat(1.4511334356867722));
  return f32x4.div(p, fma(q, t, f32x4.splat(1)));
}

/** Phi(x), at most 1e-7 off, without cancellation for negative x (relative error below 1e-5 down to x = -13). */
export function normal_cdf_v128(x: v128): v128 {
  const t = clamped(x), tail = f32x4.mul(bell(t), mills(t));
  return v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
}

/** x Phi(x) = max(x, 0) - |x| Phi(-|x|). */
// @ts-ignore: decorator
@inline
export function x_normal_cdf(x: v128): v128 {
  const t = clamped(x);
  return f32x4.sub(relu_v128(x), f32x4.mul(f32x4.mul(t, bell(t)), mills(t)));
}

/** d/dx x Phi(x) = Phi(x) + x phi(x). */
// @ts-ignore: decorator
@inline
export function x_normal_cdf_dx(x: v128): v128 {
  const t = clamped(x), e = bell(t), tail = f32x4.mul(e, mills(t));
  const cdf = v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
  // x phi(x) with t for |x|, so that Infinity times 0 does not come up.
  const product = f32x4.mul(f32x4.mul(t, e), f32x4.splat(DENSITY));
  return f32x4.add(cdf, v128.xor(product, v128.and(x, i32x4.splat(0x80000000))));
}
