// Losses averaged over all elements, with d = x - target; or multiplied by a weight each and divided by a given total:
//   mse    d^2
//   bce    max(x, 0) - x target + ln(1 + e^-|x|)           binary cross-entropy of sigmoid(x), without overflow
//   huber  |d| <= delta ? d^2 / 2 : delta (|d| - delta / 2)
import { RegressionLoss, RegressionLossDxRecord, RegressionLossRecord } from "../generated/records";
import { exp_v128 } from "../math/exp";
import { log1p_v128 } from "../math/log";
import { sigmoid_v128 } from "../math/tanh";
import { at_most_4, range_begin, store_part } from "../range";
import { relu_v128 } from "../simd";
import { claim, sync } from "../sync";
import { sum_f64_lanes, widen } from "./chunks";

function term(x: v128, target: v128, kind: i32, delta: f32): v128 {
  const sign = i32x4.splat(0x80000000);
  if (kind == RegressionLoss.bce_with_logits) {
    const soft = log1p_v128(exp_v128(v128.or(x, sign)));
    return f32x4.add(f32x4.sub(relu_v128(x), f32x4.mul(x, target)), soft);
  }
  const d = f32x4.sub(x, target);
  const squared = f32x4.mul(d, d);
  if (kind == RegressionLoss.mse) return squared;
  const magnitude = v128.andnot(d, sign);
  const linear = f32x4.mul(f32x4.sub(magnitude, f32x4.splat(0.5 * delta)), f32x4.splat(delta));
  const small = f32x4.le(magnitude, f32x4.splat(delta));
  return v128.bitselect(f32x4.mul(squared, f32x4.splat(0.5)), linear, small);
}

/** x times the weights at `weights` (0: as it is). An element that weighs nothing counts nothing, be it infinite. */
// @ts-ignore: decorator
@inline
function weigh(x: v128, weights: usize, at: usize, count: i32): v128 {
  if (!weights) return x;
  const w = at_most_4(weights + at, count, 0);
  return v128.and(f32x4.mul(x, w), f32x4.ne(w, f32x4.splat(0)));
}

/** `partial`: one float64 for each chunk; `total` = 0: n. */
export function f32_regression_loss(r: RegressionLossRecord, thread: i32, threads: i32): void {
  const x = r.x, target = r.target, n = r.n, kind = r.kind, param = r.param, loss = r.loss;
  const partial = r.partial, weights = r.weights;
  const size = r.chunk, chunks = (n + size - 1) / size;
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    let total = f64x2.splat(0);
    const end = min(n, (chunk + 1) * size);
    for (let i = chunk * size; i < end; i += 4) {
      const at = <usize>i << 2, count = end - i;
      const a = at_most_4(x + at, count, 0);
      const b = at_most_4(target + at, count, 0);
      let value = weigh(term(a, b, kind, param), weights, at, count);
      if (count < 4) value = v128.and(value, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
      total = f64x2.add(total, widen(value));
    }
    store<f64>(partial + (<usize>chunk << 3), sum_f64_lanes(total));
  }
  sync(thread, threads);
  if (thread == 0) {
    let total: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) total += load<f64>(partial + (<usize>chunk << 3));
    store<f32>(loss, <f32>(total / (r.total ? <f64>load<f32>(r.total) : <f64>n)));
  }
}

/** d(term)/dx: 2 d, sigmoid(x) - target, or d clamped to [-delta, delta]. */
// @ts-ignore: decorator
@inline
function term_dx(x: v128, target: v128, kind: i32, delta: f32): v128 {
  if (kind == RegressionLoss.bce_with_logits) return f32x4.sub(sigmoid_v128(x), target);
  const d = f32x4.sub(x, target);
  if (kind == RegressionLoss.mse) return f32x4.add(d, d);
  return f32x4.pmin(f32x4.pmax(d, f32x4.splat(-delta)), f32x4.splat(delta));
}

/** dx may be x. */
export function f32_regression_loss_dx(r: RegressionLossDxRecord, part: i32, parts: i32): void {
  const x = r.x, target = r.target, dx = r.dx, n = r.n, kind = r.kind, param = r.param;
  const factor = f32x4.splat(<f32>(1 / (r.total ? <f64>load<f32>(r.total) : <f64>n))), weights = r.weights;
  const end = range_begin(n, 16, part + 1, parts);
  for (let i = range_begin(n, 16, part, parts); i < end; i += 4) {
    const at = <usize>i << 2, count = end - i;
    const a = at_most_4(x + at, count, 0);
    const b = at_most_4(target + at, count, 0);
    const result = f32x4.mul(weigh(term_dx(a, b, kind, param), weights, at, count), factor);
    if (count < 4) store_part(dx + at, result, count);
    else v128.store(dx + at, result);
  }
}
