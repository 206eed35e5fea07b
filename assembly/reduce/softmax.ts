// Softmax and log-softmax over rows, the row's largest element subtracted first; one thread per row.
import { SoftmaxDxRecord, SoftmaxRecord } from "../generated/records";
import { exp_v128 } from "../math/exp";
import { log_v128 } from "../math/log";
import { load_4, load_part, range_begin, store_4, store_part } from "../range";
import { sum_f64_lanes, widen } from "./chunks";

/** The largest of `cols` numbers, NaN ignored. */
export function row_max(x: usize, cols: i32): f32 {
  let largest = f32x4.splat(-Infinity);
  let j = cols;
  for (; j >= 4; j -= 4) {
    largest = f32x4.pmax(largest, v128.load(x));
    x += 16;
  }
  if (j) largest = f32x4.pmax(largest, load_part(x, j, -Infinity));
  const pairs = f32x4.pmax(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The sum of e^(x - shift); stores the terms at y unless y is 0 (y may be x). */
export function row_exp_sum(x: usize, y: usize, cols: i32, shift: f32): f64 {
  const s = f32x4.splat(shift);
  let sum = f64x2.splat(0);
  let j = cols;
  for (; j >= 4; j -= 4) {
    const e = exp_v128(f32x4.sub(v128.load(x), s));
    sum = f64x2.add(sum, widen(e));
    x += 16;
    if (y) {
      v128.store(y, e);
      y += 16;
    }
  }
  if (j) {
    const e = exp_v128(f32x4.sub(load_part(x, j, -Infinity), s)); // the lanes beyond the row add 0
    sum = f64x2.add(sum, widen(e));
    if (y) store_part(y, e, j);
  }
  return sum_f64_lanes(sum);
}

/** ln of one number. */
// @ts-ignore: decorator
@inline
export function log_f32(x: f32): f32 {
  return f32x4.extract_lane(log_v128(f32x4.splat(x)), 0);
}

/** After the sums: x - max - ln sum, or the term e^(x - max) at y divided by the sum. */
// @ts-ignore: decorator
@inline
function finish(x: usize, y: usize, log: i32, shift: v128, logSum: v128, factor: v128, count: i32, part: bool): void {
  const result = log ? f32x4.sub(f32x4.sub(load_4(x, count, 0, part), shift), logSum)
    : f32x4.mul(load_4(y, count, 0, part), factor);
  store_4(y, result, count, part);
}

/** softmax: y = e^(x - max) / sum e^(x - max);  log: y = x - max - ln sum e^(x - max).  y may be x. */
export function f32_softmax(r: SoftmaxRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, rows = r.rows, cols = r.cols, log = r.log;
  const stride = <usize>cols << 2;
  const end = range_begin(rows, 1, part + 1, parts);
  for (let i = range_begin(rows, 1, part, parts); i < end; i++) {
    let from = x + <usize>i * stride, to = y + <usize>i * stride;
    const largest = row_max(from, cols);
    const sum = row_exp_sum(from, log ? 0 : to, cols, largest);
    const shift = f32x4.splat(largest), logSum = f32x4.splat(log ? log_f32(<f32>sum) : 0);
    const factor = f32x4.splat(<f32>(1 / sum));
    let j = cols;
    for (; j >= 4; j -= 4) {
      finish(from, to, log, shift, logSum, factor, 4, false);
      from += 16;
      to += 16;
    }
    if (j) finish(from, to, log, shift, logSum, factor, j, true);
  }
}

/** The sum that dx of a row needs: of dy (log) or of dy y. */
// @ts-ignore: decorator
@inline
function product(dy: usize, y: usize, log: i32, count: i32, part: bool): v128 {
  const g = load_4(dy, count, 0, part);
  return widen(log ? g : f32x4.mul(g, load_4(y, count, 0, part)));
}

// @ts-ignore: decorator
@inline
function backward(dy: usize, y: usize, dx: usize, log: i32, sum: v128, count: i32, part: bool): void {
  const g = load_4(dy, count, 0, part), p = load_4(y, count, 0, part);
  const result = log ? f32x4.sub(g, f32x4.mul(exp_v128(p), sum)) : f32x4.mul(p, f32x4.sub(g, sum));
  store_4(dx, result, count, part);
}

/** softmax: dx = y (dy - sum dy y);  log: dx = dy - e^y sum dy.  dx may be dy or y. */
export function f32_softmax_dx(r: SoftmaxDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, y = r.y, dx = r.dx, rows = r.rows, cols = r.cols, log = r.log;
  const stride = <usize>cols << 2;
  const end = range_begin(rows, 1, part + 1, parts);
  for (let i = range_begin(rows, 1, part, parts); i < end; i++) {
    const row = <usize>i * stride;
    const whole = row + ((<usize>cols & ~3) << 2), rest = cols & 3;
    let total = f64x2.splat(0);
    for (let at = row; at < whole; at += 16) total = f64x2.add(total, product(dy + at, y + at, log, 4, false));
    if (rest) total = f64x2.add(total, product(dy + whole, y + whole, log, rest, true));
    const sum = f32x4.splat(<f32>sum_f64_lanes(total));
    for (let at = row; at < whole; at += 16) backward(dy + at, y + at, dx + at, log, sum, 4, false);
    if (rest) backward(dy + whole, y + whole, dx + whole, log, sum, rest, true);
  }
}
