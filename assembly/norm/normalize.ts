// What batch normalisation's passes compute for one vector of channels.
import { at_most_4 } from "../range";
import { fma } from "../simd";

/** rstd * gamma, or rstd when gamma is 0, of `count` channels. */
// @ts-ignore: decorator
@inline
export function scale_of(rstd: usize, gamma: usize, count: i32): v128 {
  const s = at_most_4(rstd, count, 0);
  if (!gamma) return s;
  return f32x4.mul(s, at_most_4(gamma, count, 0));
}

/** (x - mean) * scale + beta. */
// @ts-ignore: decorator
@inline
export function normalize(x: v128, mean: v128, scale: v128, beta: v128): v128 {
  return fma(f32x4.sub(x, mean), scale, beta);
}
