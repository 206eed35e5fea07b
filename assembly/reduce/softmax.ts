// Softmax and log-softmax over rows, the row's largest element subtracted first; one thread per row.
import { exp_v128 } from "../math/exp";
import { log_v128 } from "../math/log";
import { at_most_4, load_part, range_begin, store_part } from "../range";
import { i32_arg, ptr_arg } from "../record";
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

/** softmax: y = e^(x - max) / sum e^(x - max);  log: y = x - max - ln sum e^(x - max).  y may be x. */
export function f32_softmax(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const rows = i32_arg(r, 2);
  const cols = i32_arg(r, 3);
  const log = i32_arg(r, 4);
  const stride = <usize>cols << 2;
  const end = range_begin(rows, 1, thread + 1, threads);
  for (let i = range_begin(rows, 1, thread, threads); i < end; ++i) {
    let from = x + <usize>i * stride, to = y + <usize>i * stride;
    const largest = row_max(from, cols);
    const sum = row_exp_sum(from, log ? 0 : to, cols, largest);
    const shift = f32x4.splat(largest);
    // Both as (v - a) * b - c: the terms e times 1 / sum, or x - max - ln sum.
    const logSum = f32x4.splat(log ? log_f32(<f32>sum) : 0);
    const factor = f32x4.splat(<f32>(1 / sum));
    let j = cols;
    for (; j > 0; j -= 4) {
      const source = log ? from : to;
      const v = at_most_4(source, j, 0);
      const result = log ? f32x4.sub(f32x4.sub(v, shift), logSum) : f32x4.mul(v, factor);
      if (j < 4) store_part(to, result, j);
      else v128.store(to, result);
      from += 16;
      to += 16;
    }
  }
}

/** softmax: dx = y (dy - sum dy y);  log: dx = dy - e^y sum dy.  dx may be dy or y. */
export function f32_softmax_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const dx = ptr_arg(r, 2);
  const rows = i32_arg(r, 3);
  const cols = i32_arg(r, 4);
  const log = i32_arg(r, 5);
  const stride = <usize>cols << 2;
  const end = range_begin(rows, 1, thread + 1, threads);
  for (let i = range_begin(rows, 1, thread, threads); i < end; ++i) {
    const row = <usize>i * stride;
    let total = f64x2.splat(0);
    for (let j = 0; j < cols; j += 4) {
      const at = row + (<usize>j << 2), count = cols - j;
      const g = at_most_4(dy + at, count, 0);
      const p = at_most_4(y + at, count, 0);
      total = f64x2.add(total, widen(log ? g : f32x4.mul(g, p)));
    }
    const sum = f32x4.splat(<f32>sum_f64_lanes(total));
    for (let j = 0; j < cols; j += 4) {
      const at = row + (<usize>j << 2), count = cols - j;
      const g = at_most_4(dy + at, count, 0);
      const p = at_most_4(y + at, count, 0);
      const result = log ? f32x4.sub(g, f32x4.mul(exp_v128(p), sum)) : f32x4.mul(p, f32x4.sub(g, sum));
      if (count < 4) store_part(dx + at, result, count);
      else v128.store(dx + at, result);
    }
  }
}
