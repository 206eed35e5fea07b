// The normal distribution: density phi, distribution function Phi, and what GELU needs of both.
//
//   e = e^(-t^2 / 2) = 2^n 2^f with t = |x|,  n the integer nearest to -t^2 / (2 ln 2)
//   Phi(-t) = e M(t),  M = P / Q  (Mills' ratio over sqrt(2 pi), a rational function fitted to it here)
//   Phi(x) = e M for x < 0, 1 - e M otherwise;  phi(x) = e / sqrt(2 pi)
//
// The error of P / Q is at most 3.3e-9 / Phi(-t) of M up to t = 4.5, and 3e-5 of M beyond. At t = 13.27, where t is
// clamped, e is 0 exactly.
import { fma, ONE, relu_v128 } from "../simd";
import { exp2_v128, LOG2_E } from "./exp";

export let LAST: v128 = f32x4.splat(13.27);
export let DENSITY: v128 = f32x4.splat(0.3989422804014327); // 1 / sqrt(2 pi)
export let MINUS_HALF_LOG2_E: v128 = f32x4.splat(-0.5 * LOG2_E);
export let MILLS_P0: v128 = f32x4.splat(0.5);
export let MILLS_P1: v128 = f32x4.splat(0.32662472448886326);
export let MILLS_P2: v128 = f32x4.splat(0.09992050726942883);
export let MILLS_P3: v128 = f32x4.splat(0.012587976588899853);
export let MILLS_Q1: v128 = f32x4.splat(1.4511334356867722);
export let MILLS_Q2: v128 = f32x4.splat(0.857685873914079);
export let MILLS_Q3: v128 = f32x4.splat(0.24986423439131647);
export let MILLS_Q4: v128 = f32x4.splat(0.03157318348767358);

/** min(|x|, LAST); NaN passes. */
// @ts-ignore: decorator
@inline
function clamped(x: v128): v128 {
  return f32x4.pmin(f32x4.abs(x), LAST);
}

/** e^(-t^2 / 2) for 0 <= t <= LAST. */
// @ts-ignore: decorator
@inline
function bell(t: v128): v128 {
  return exp2_v128(f32x4.mul(f32x4.mul(t, t), MINUS_HALF_LOG2_E));
}

/** M(t) for 0 <= t <= LAST. */
// @ts-ignore: decorator
@inline
function mills(t: v128): v128 {
  let p = fma(MILLS_P3, t, MILLS_P2);
  let q = fma(MILLS_Q4, t, MILLS_Q3);
  p = fma(p, t, MILLS_P1);
  q = fma(q, t, MILLS_Q2);
  p = fma(p, t, MILLS_P0);
  q = fma(q, t, MILLS_Q1);
  return f32x4.div(p, fma(q, t, ONE));
}

/** Phi(x), at most 1e-7 off, without cancellation for negative x (relative error below 1e-5 down to x = -13). */
export function normal_cdf_v128(x: v128): v128 {
  const t = clamped(x), tail = f32x4.mul(bell(t), mills(t));
  return v128.bitselect(tail, f32x4.sub(ONE, tail), f32x4.lt(x, f32x4.splat(0)));
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
  const cdf = v128.bitselect(tail, f32x4.sub(ONE, tail), f32x4.lt(x, f32x4.splat(0)));
  // x phi(x) with t for |x|, so that Infinity times 0 does not come up.
  const product = f32x4.mul(f32x4.mul(t, e), DENSITY);
  return f32x4.add(cdf, v128.xor(product, v128.and(x, i32x4.splat(0x80000000))));
}
