// Functions of each number by itself, and their derivatives, told apart by codes. The activations of networks stand in
// activation.ts, where each has a loop of its own.
import { UnaryRecord, Unary } from "../generated/records";
import { erf_v128 } from "../math/erf";
import { exp_v128 } from "../math/exp";
import { atan_f64, exp_f64, log_f64, pow_f64, sin_f64 } from "../math/float64";
import { log_v128 } from "../math/log";
import { at_most_4, range_begin, store_4 } from "../range";

/** p x^q: exponents of networks by themselves. */
function power(x: v128, p: f32, q: f32): v128 {
  const factor = f32x4.splat(p);
  if (q == 2) return f32x4.mul(f32x4.mul(x, x), factor);
  if (q == 3) return f32x4.mul(f32x4.mul(f32x4.mul(x, x), x), factor);
  if (q == 0.5) return f32x4.mul(f32x4.sqrt(x), factor);
  if (q == -0.5) return f32x4.div(factor, f32x4.sqrt(x));
  if (q == -1) return f32x4.div(factor, x);
  if (q == -2) return f32x4.div(factor, f32x4.mul(x, x));
  return f32x4.mul(by_lane(Unary.power, x, q), factor);
}

function scalar(code: i32, x: f64, q: f64): f64 {
  const e = exp_f64(x), a = abs(x);
  switch (code) {
    case Unary.power: return pow_f64(x, q);
    case Unary.sin: return sin_f64(x, 0);
    case Unary.cos: return sin_f64(x, 1);
    case Unary.tan: return sin_f64(x, 0) / sin_f64(x, 1);
    case Unary.asin: return atan_f64(x / sqrt((1 - x) * (1 + x)));
    case Unary.acos: return 2 * atan_f64(sqrt((1 - x) / (1 + x)));
    case Unary.atan: return atan_f64(x);
    case Unary.cosh: return (e + 1 / e) / 2;
    case Unary.acosh: return log_f64(x + sqrt(x - 1) * sqrt(x + 1));
  }
  // Odd functions, whose formulas cancel near 0: there the first two terms of their sums are exact to float32.
  if (code == Unary.sinh) return a < 1e-3 ? x + x * x * x / 6 : (e - 1 / e) / 2;
  if (code == Unary.asinh) return a < 1e-3 ? x - x * x * x / 6 : copysign(log_f64(a + sqrt(a * a + 1)), x);
  return a < 1e-3 ? x + x * x * x / 3 : log_f64((1 + x) / (1 - x)) / 2; // atanh
}

function by_lane(code: i32, x: v128, q: f64): v128 {
  const y = f32x4.splat(<f32>scalar(code, f32x4.extract_lane(x, 0), q));
  const z = f32x4.replace_lane(y, 1, <f32>scalar(code, f32x4.extract_lane(x, 1), q));
  const w = f32x4.replace_lane(z, 2, <f32>scalar(code, f32x4.extract_lane(x, 2), q));
  return f32x4.replace_lane(w, 3, <f32>scalar(code, f32x4.extract_lane(x, 3), q));
}

/** 1 in the lanes of a mask. */
// @ts-ignore: decorator
@inline
function ones(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

function unary(code: i32, x: v128, p: f32, q: f32): v128 {
  const first = f32x4.splat(p), second = f32x4.splat(q);
  switch (code) {
    case Unary.affine: return f32x4.add(f32x4.mul(x, first), second);
    case Unary.power: return power(x, p, q);
    case Unary.abs: return f32x4.abs(x);
    case Unary.sign: return f32x4.sub(ones(f32x4.gt(x, f32x4.splat(0))), ones(f32x4.lt(x, f32x4.splat(0))));
    case Unary.floor: return f32x4.floor(x);
    case Unary.ceil: return f32x4.ceil(x);
    case Unary.round: return f32x4.nearest(x);
    case Unary.exp: return exp_v128(x);
    case Unary.log: return log_v128(x);
    case Unary.erf: return erf_v128(x);
    case Unary.clamp: return f32x4.pmin(f32x4.pmax(x, first), second); // keeps NaN: pmax(a, b) is a < b ? b : a
    case Unary.inside: return ones(v128.and(f32x4.ge(x, first), f32x4.le(x, second)));
    case Unary.root: return f32x4.sqrt(x);
    case Unary.inverse_root: return v128.andnot(f32x4.div(first, f32x4.sqrt(x)), f32x4.eq(x, f32x4.splat(0)));
    case Unary.above: return ones(f32x4.gt(x, first));
  }
  return by_lane(code, x, q);
}

/** y = f(x), or dy f(x); y may be either operand. */
export function f32_unary(r: UnaryRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, dy = r.dy, n = r.n, code = r.code, p = r.p, q = r.q;
  for (let i = range_begin(n, 16, part, parts), end = range_begin(n, 16, part + 1, parts); i < end; i += 4) {
    const at = <usize>i << 2, count = end - i;
    let value = unary(code, at_most_4(x + at, count, 1), p, q);
    if (dy) value = f32x4.mul(value, at_most_4(dy + at, count, 0));
    store_4(y + at, value, count, count < 4);
  }
}
