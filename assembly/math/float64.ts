// Elementary functions in float64 for what one float32 number at a time is enough: powers, and the trigonometric and
// hyperbolic ones. Results rounded to float32 are within 0.51 ULP unless said otherwise, subnormal ones included.

// @ts-ignore: decorator
@inline
const LN2_HIGH: f64 = 6.93147180369123816490e-01; // 33 bits, so that products with exponents are exact
// @ts-ignore: decorator
@inline
const LN2_LOW: f64 = 1.90821492927058770002e-10;

/** 2^n, n in [-1022, 1023]. */
// @ts-ignore: decorator
@inline
function power_of_two(n: f64): f64 {
  return reinterpret<f64>((<i64>n + 1023) << 52);
}

/** e^x: 2^n e^r with |r| <= ln2 / 2, and Taylor's sum for e^r up to r^11, 2e-14. */
export function exp_f64(x: f64): f64 {
  x = min(max(x, -200), 200); // beyond what float32 holds; NaN stays
  const n = nearest(x * 1.44269504088896340736);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  let sum: f64 = 1, i: f64 = 11;
  for (; i > 0; i--) sum = 1 + sum * r / i;
  return x == x ? sum * power_of_two(n) : x;
}

/**
 * ln x of normal numbers, as all of float32 are here: with x = 2^k m, m in [sqrt(1/2), sqrt(2)), and
 * s = (m - 1) / (m + 1) it is k ln2 + 2 (s + s^3 / 3 + ... + s^19 / 19), 5e-16. -Infinity at 0, NaN below.
 */
export function log_f64(x: f64): f64 {
  if (!(x > 0 && x < Infinity)) return x == 0 ? -Infinity : x > 0 ? x : NaN;
  const bits = reinterpret<u64>(x) + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  const k = <f64>(<i64>(bits >> 52) - 1023);
  const m = reinterpret<f64>((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd);
  const s = (m - 1) / (m + 1), z = s * s;
  let sum: f64 = 0, i: f64 = 19;
  for (; i > 0; i -= 2) sum = sum * z + 1 / i;
  return k * LN2_LOW + 2 * s * sum + k * LN2_HIGH;
}

/** x^y as C's pow has it. */
export function pow_f64(x: f64, y: f64): f64 {
  if (y == 0 || x == 1) return 1;
  const whole = y == trunc(y), odd = whole && trunc(y * 0.5) != y * 0.5;
  if (x < 0 && !whole && x > -Infinity && abs(y) < Infinity) return NaN;
  const log = log_f64(abs(x)); // ±Infinity for 0 and Infinity, which exp_f64's bounds would hide
  const size = log * y;
  const value = size > 100 ? Infinity : size < -120 ? 0 : exp_f64(size);
  return x < 0 && odd ? -value : value;
}

/**
 * sin (shift 0) and cos (shift 1): x = k pi/2 + r with pi/2 in three parts, the first of 33 bits, so that its product
 * with k is exact for |x| up to 1.6e6. Beyond, the error grows to 1e-7; from 2^30 on, where float32 numbers are 128
 * apart, NaN.
 */
export function sin_f64(x: f64, shift: i64): f64 {
  if (!(abs(x) < 1073741824)) return NaN;
  const k = nearest(x * 0.636619772367581343076);
  const r = x - k * 1.57079632673412561417 - k * 6.07710050630396597660e-11 - k * 2.02226624879595063154e-21;
  const quadrant = <i64>k + shift, z = r * r;
  // Taylor's sums up to r^15 and r^16, 2e-15.
  let sum: f64 = 1, i: f64 = (quadrant & 1) ? 16 : 15;
  for (; i > 1; i -= 2) sum = 1 - sum * z / (i * (i - 1));
  if (!(quadrant & 1)) sum *= r;
  return quadrant & 2 ? -sum : sum;
}

/** tan^-1 x: by 1 / x above 1, by (t - 1) / (t + 1) above tan(pi/8), then t - t^3 / 3 + ... up to t^29, 1e-13. */
export function atan_f64(x: f64): f64 {
  const a = abs(x), t = a > 1 ? 1 / a : a;
  const folds = t > 0.41421356237309503;
  const u = folds ? (t - 1) / (t + 1) : t, z = u * u;
  let sum: f64 = 0, i: f64 = 29;
  for (; i > 0; i -= 2) sum = 1 / i - sum * z;
  let y = u * sum;
  if (folds) y += 0.78539816339744828;
  if (a > 1) y = 1.57079632679489656 - y;
  return copysign(y, x);
}
