// Sums, extremes and their places along an axis: y[o][j] of x[o][0..n)[j]. Sums are float64, in order.
import { Reduction, ReduceRecord } from "../generated/records";
import { at_most_4, store_4 } from "../range";
import { sum_f64_lanes, widen } from "./chunks";

/** What numbers of x, and of b at the same place, add to a sum. */
// @ts-ignore: decorator
@inline
function term(code: i32, x: usize, b: usize, count: i32): v128 {
  const value = at_most_4(x, count, 0);
  if (code == Reduction.sum_abs) return f32x4.abs(value);
  if (code == Reduction.sum_squares) return f32x4.mul(value, value);
  if (code == Reduction.dot) return f32x4.mul(value, at_most_4(b, count, 0));
  return value;
}

/** Sums of `count` neighbouring columns, of n rows. */
function sum_columns(code: i32, x: usize, b: usize, n: i32, stride: usize, count: i32): v128 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (; n > 0; n--, x += stride, b += stride) {
    const value = term(code, x, b, count);
    low = f64x2.add(low, f64x2.promote_low_f32x4(value));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(value, value, 2, 3, 0, 1)));
  }
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** The sum of n neighbours. */
function sum_row(code: i32, x: usize, b: usize, n: i32): f32 {
  let sum = f64x2.splat(0);
  for (; n > 0; n -= 4, x += 16, b += 16) sum = f64x2.add(sum, widen(term(code, x, b, n)));
  return <f32>sum_f64_lanes(sum);
}

/** The largest of `count` columns, or the smallest; NaN where there is one. */
function extreme_columns(isMax: bool, x: usize, n: i32, stride: usize, count: i32): v128 {
  let best = at_most_4(x, count, 0);
  while (--n > 0) {
    x += stride;
    const value = at_most_4(x, count, 0);
    best = isMax ? f32x4.max(best, value) : f32x4.min(best, value);
  }
  return best;
}

/** A product, or the place of an extreme: the first, or the last of equal ones. */
function one_column(code: i32, x: usize, n: i32, stride: usize): f32 {
  const isMax = code == Reduction.arg_max || code == Reduction.arg_max_last;
  const takesLast = code == Reduction.arg_max_last || code == Reduction.arg_min_last;
  let product: f64 = 1, best = load<f32>(x), place = 0;
  for (let i = 0; i < n; i++, x += stride) {
    const value = load<f32>(x);
    product *= value;
    if ((isMax ? value > best : value < best) || (takesLast && value == best)) {
      best = value;
      place = i;
    }
  }
  return code == Reduction.product ? <f32>product : <f32>place;
}

export function f32_reduce(r: ReduceRecord, part: i32, parts: i32): void {
  const n = r.n, inner = r.inner, code = r.code, b = r.b;
  const columns = code < Reduction.product, width = columns ? 4 : 1;
  const blocks = (inner + width - 1) / width, items = r.outer * blocks;
  const stride = <usize>inner << 2;
  for (let item = <i32>(<i64>items * part / parts), end = <i32>(<i64>items * (part + 1) / parts); item < end; item++) {
    const o = item / blocks, j = item % blocks * width;
    const offset = <usize>o * n * stride + (<usize>j << 2);
    const x = r.x + offset, y = r.y + <usize>o * stride + (<usize>j << 2), count = min(4, inner - j);
    if (!columns) store<f32>(y, one_column(code, x, n, stride));
    else if (code == Reduction.max || code == Reduction.min) {
      store_4(y, extreme_columns(code == Reduction.max, x, n, stride, count), count, count < 4);
    } else if (inner == 1) store<f32>(y, sum_row(code, x, b + offset, n));
    else store_4(y, sum_columns(code, x, b + offset, n, stride, count), count, count < 4);
  }
}
