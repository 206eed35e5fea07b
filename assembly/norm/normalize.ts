// What batch normalisation's passes compute for one vector of channels.
import { at_most_4 } from "../range";
import { fma } from "../simd";

/**
 * Where backward takes the mask of a ReLU behind the normalisation from: there is none; the sign of the normalised x,
 * computed again (faster than reading y); or y > 0, which a residual between the two makes necessary.
 */
export const enum Mask { none, from_x, from_y }

/** rstd * gamma, or rstd when gamma is 0, of `count` channels. */
// @ts-ignore: decorator
@inline
export function scale_of(rstd: usize, gamma: usize, count: i32): v128 {
  const s = at_most_4(rstd, count, 0);
  if (!gamma) return s;
  return f32x4.mul(s, at_most_4(gamma, count, 0));
}

/** (x - mean) * scale + beta. Forward and mask must agree to the bit: both call this. */
// @ts-ignore: decorator
@inline
export function normalize(x: v128, mean: v128, scale: v128, beta: v128): v128 {
  return fma(f32x4.sub(x, mean), scale, beta);
}

/** dy where y > 0 or y is NaN, otherwise 0. */
// @ts-ignore: decorator
@inline
export function masked_dy(dy: v128, y: v128): v128 {
  return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
}
