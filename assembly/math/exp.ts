// exp, and exp(x) - 1 for x <= 0. Range reduction and polynomial as in Cephes' expf (Moshier 1992).
//
//   x = n ln2 + r, |r| <= ln2 / 2,  exp(x) = 2^n (1 + r + r^2 P(r))
//
// n comes from adding 1.5 * 2^23, whose low mantissa bits then hold the rounded integer; unlike i32x4.trunc_sat this
// is one instruction everywhere. ln2 is split so that n * LN2_HIGH is exact.
import { fma, ONE } from "../simd";

// @ts-ignore: decorator
@inline
const ROUND: f32 = 12582912; // 1.5 * 2^23
// @ts-ignore: decorator
@inline
export const LOG2_E: f32 = 1.44269504088896341;
// @ts-ignore: decorator
@inline
const LN2_HIGH: f32 = 0.693359375;
// @ts-ignore: decorator
@inline
const LN2_LOW: f32 = -2.12194440054690583e-4;

/** exp(r) - 1 - r for |r| <= ln2 / 2. */
// @ts-ignore: decorator
@inline
function tail(r: v128): v128 {
  let p = fma(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = fma(p, r, f32x4.splat(8.3334519073e-3));
  p = fma(p, r, f32x4.splat(4.1665795894e-2));
  p = fma(p, r, f32x4.splat(1.6666665459e-1));
  p = fma(p, r, f32x4.splat(5.0000001201e-1));
  return f32x4.mul(p, f32x4.mul(r, r));
}

/** 2^n of the integers n in [-126, 127]. */
// @ts-ignore: decorator
@inline
function power_of_two(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x, at most 1 ULP off (0.96 measured); subnormal results, overflow to Infinity and NaN as in libm. */
export function exp_v128(x: v128): v128 {
  // Outside of these bounds the result is 0 or Infinity. NaN passes both.
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104)), f32x4.splat(89));
  const rounded = fma(x, f32x4.splat(LOG2_E), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  let r = fma(n, f32x4.splat(-LN2_HIGH), x);
  r = fma(n, f32x4.splat(-LN2_LOW), r);
  const y = f32x4.add(f32x4.add(tail(r), r), f32x4.splat(1));
  // n reaches from -150 to 128, beyond the exponents of normal numbers: scale by two halves.
  const exponent = i32x4.sub(rounded, i32x4.splat(0x4b400000));
  const half = i32x4.shr_s(exponent, 1);
  return f32x4.mul(f32x4.mul(y, power_of_two(half)), power_of_two(i32x4.sub(exponent, half)));
}

/** e^x - 1 for x <= 0 (the branch of ELU), at most 1 ULP off (0.89). */
// @ts-ignore: decorator
@inline
export function expm1_negative_v128(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-25));
  const rounded = fma(x, f32x4.splat(LOG2_E), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  let r = fma(n, f32x4.splat(-LN2_HIGH), x);
  r = fma(n, f32x4.splat(-LN2_LOW), r);
  const scale = power_of_two(i32x4.sub(rounded, i32x4.splat(0x4b400000)));
  // 2^n (1 + q) - 1 = (2^n - 1) + 2^n q; the first term is exact.
  return fma(f32x4.add(tail(r), r), scale, f32x4.sub(scale, f32x4.splat(1)));
}

/** 1.5 * 2^23 + 127: the low bits of a sum with it are the biased exponent of the integer that was rounded. */
export let ROUND_BIASED: v128 = f32x4.splat(12583039);
// The polynomial for 2^f on [-1/2, 1/2], fitted here, is 2e-9 off.
export let EXP2_1: v128 = f32x4.splat(0.6931472028551172);
export let EXP2_2: v128 = f32x4.splat(0.24022647913620757);
export let EXP2_3: v128 = f32x4.splat(5.55033247104573e-2);
export let EXP2_4: v128 = f32x4.splat(9.618437358233808e-3);
export let EXP2_5: v128 = f32x4.splat(1.3398874439501905e-3);
export let EXP2_6: v128 = f32x4.splat(1.5353361819871007e-4);

/**
 * 2^z for -127.5 < z <= 128, for factors whose argument is known to no more than float32 anyway: 0 below -126.5, where
 * the exponent becomes 0, and Infinity above 127.5.
 */
// @ts-ignore: decorator
@inline
export function exp2_v128(z: v128): v128 {
  const rounded = f32x4.add(z, ROUND_BIASED);
  const f = f32x4.sub(z, f32x4.sub(rounded, ROUND_BIASED));
  let p = fma(EXP2_6, f, EXP2_5);
  p = fma(p, f, EXP2_4);
  p = fma(p, f, EXP2_3);
  p = fma(p, f, EXP2_2);
  p = fma(p, f, EXP2_1);
  p = fma(p, f, ONE);
  return f32x4.mul(p, i32x4.shl(rounded, 23));
}
