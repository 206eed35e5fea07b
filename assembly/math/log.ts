// The natural logarithm, after fdlibm's logf (Sun 1993):
//
//   x = 2^k m, m in [sqrt(1/2), sqrt(2)),  f = m - 1,  s = f / (2 + f)
//   log(m) = log((1 + s) / (1 - s)) = f - f^2/2 + s (f^2/2 + R(s^2)),  R(z) = 2z/3 + 2z^2/5 + ...
import { fma } from "../simd";

/** ln x, at most 1 ULP off (0.80 measured); -Infinity at 0, NaN below, subnormal arguments as in libm. */
export function log_v128(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny); // * 2^23
  // Adding 1 - sqrt(1/2) in units of the mantissa moves the exponent's step to sqrt(1/2).
  const bits = i32x4.add(scaled, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(bits, 23), i32x4.splat(127));
  const k = f32x4.convert_i32x4_s(i32x4.sub(exponent, v128.and(tiny, i32x4.splat(23))));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));

  const f = f32x4.sub(m, f32x4.splat(1));
  const s = f32x4.div(f, f32x4.add(f, f32x4.splat(2)));
  const z = f32x4.mul(s, s);
  let polynomial = fma(f32x4.splat(0.24279078841), z, f32x4.splat(0.28498786688));
  polynomial = fma(polynomial, z, f32x4.splat(0.40000972152));
  polynomial = fma(polynomial, z, f32x4.splat(0.66666662693));
  const half = f32x4.mul(f32x4.mul(f, f), f32x4.splat(0.5));
  // The small terms first: s (half + R) + k ln2_low - half + f + k ln2_high.
  let y = fma(f32x4.add(half, f32x4.mul(polynomial, z)), s, f32x4.mul(k, f32x4.splat(9.0580006145e-6)));
  y = f32x4.add(f32x4.sub(y, half), f);
  y = fma(k, f32x4.splat(0.69313812256), y);

  // Not a positive finite number: Infinity and NaN stay, 0 gives -Infinity, negative numbers give NaN.
  const infinity = f32x4.splat(Infinity);
  y = v128.bitselect(y, x, f32x4.lt(x, infinity));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(f32x4.splat(NaN), y, f32x4.lt(x, f32x4.splat(0)));
}

/** ln(1 + x) for x in [0, 1], at most 1.25 ULP off (1.19). */
export function log1p_v128(x: v128): v128 {
  // u = 1 + x was rounded; its error relative to u is what the logarithm misses to first order.
  const u = f32x4.add(x, f32x4.splat(1));
  const lost = f32x4.sub(x, f32x4.sub(u, f32x4.splat(1)));
  return f32x4.add(log_v128(u), f32x4.div(lost, u));
}
