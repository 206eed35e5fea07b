// Cross-entropy of a softmax, averaged over rows:
//
//   loss = 1/rows sum_i sum_j q_ij (L_i - (x_ij - max_i)),   L_i = ln sum_j e^(x_ij - max_i)
//
// with q the target: (1 - s) [j = class] + s / cols for class indices (probabilities = 0), or (1 - s) t_ij + s / cols
// for rows of probabilities t (PyTorch's label smoothing s). `lse` keeps L_i, without the maximum: log-sum-exp
// proper would lose its low bits to a large maximum.
import { CrossEntropyDxRecord, CrossEntropyRecord } from "../generated/records";
import { exp_v128 } from "../math/exp";
import { at_most_4, range_begin, store_part } from "../range";
import { claim, sync } from "../sync";
import { sum_f64_lanes, widen } from "./chunks";
import { log_f32, row_exp_sum, row_max } from "./softmax";

/** sum_j w_j (L - (x_j - max)) with w = 1 when weights is 0. */
function weighted_loss(x: usize, weights: usize, cols: i32, largest: f32, logSum: f32): f64 {
  const m = f32x4.splat(largest), l = f32x4.splat(logSum);
  let total = f64x2.splat(0);
  for (let j = cols; j > 0; j -= 4) {
    const v = at_most_4(x, j, 0);
    let term = f32x4.sub(l, f32x4.sub(v, m));
    if (weights) {
      term = f32x4.mul(term, at_most_4(weights, j, 0));
      weights += 16;
    }
    if (j < 4) term = v128.and(term, i32x4.gt_s(i32x4.splat(j), i32x4(0, 1, 2, 3)));
    total = f64x2.add(total, widen(term));
    x += 16;
  }
  return sum_f64_lanes(total);
}

/** `partial`: the loss of each row, float32. */
export function f32_cross_entropy(r: CrossEntropyRecord, thread: i32, threads: i32): void {
  const logits = r.logits, target = r.target, rows = r.rows, cols = r.cols, probabilities = r.probabilities;
  const smoothing = r.smoothing, lse = r.lse, loss = r.loss, partial = r.partial;
  const stride = <usize>cols << 2;
  let i = 0;
  while ((i = claim(rows, thread, threads)) >= 0) {
    const x = logits + <usize>i * stride;
    const largest = row_max(x, cols);
    const logSum = log_f32(<f32>row_exp_sum(x, 0, cols, largest));
    let value: f64 = 0;
    if (probabilities) value = weighted_loss(x, target + <usize>i * stride, cols, largest, logSum);
    else value = logSum - (load<f32>(x + (<usize>load<i32>(target + (<usize>i << 2)) << 2)) - largest);
    if (smoothing > 0) {
      value = (1 - <f64>smoothing) * value + <f64>smoothing / cols * weighted_loss(x, 0, cols, largest, logSum);
    }
    store<f32>(lse + (<usize>i << 2), logSum);
    store<f32>(partial + (<usize>i << 2), <f32>value);
  }
  sync(thread, threads);
  if (thread == 0) {
    let total: f64 = 0;
    for (let i = 0; i < rows; i++) total += load<f32>(partial + (<usize>i << 2));
    store<f32>(loss, <f32>(total / rows));
  }
}

function row_sum(x: usize, cols: i32): f64 {
  let total = f64x2.splat(0);
  for (let j = cols; j > 0; j -= 4) {
    total = f64x2.add(total, widen(at_most_4(x, j, 0)));
    x += 16;
  }
  return sum_f64_lanes(total);
}

/** dx = (softmax * sum_j q_j - q) / rows; dx may be logits. */
export function f32_cross_entropy_dx(r: CrossEntropyDxRecord, part: i32, parts: i32): void {
  const logits = r.logits, target = r.target, lse = r.lse, dx = r.dx, rows = r.rows, cols = r.cols;
  const probabilities = r.probabilities, smoothing = r.smoothing;
  const stride = <usize>cols << 2;
  const inverse: f64 = 1 / <f64>rows;
  const uniform = f32x4.splat(<f32>(<f64>smoothing / cols * inverse));
  const certain: f64 = (1 - <f64>smoothing) * inverse;
  const end = range_begin(rows, 1, part + 1, parts);
  for (let i = range_begin(rows, 1, part, parts); i < end; i++) {
    const row = <usize>i * stride;
    const t = target + row;
    const mass: f64 = probabilities ? (1 - <f64>smoothing) * row_sum(t, cols) + smoothing : 1;
    const factor = f32x4.splat(<f32>(mass * inverse));
    const m = f32x4.splat(row_max(logits + row, cols)), l = v128.load32_splat(lse + (<usize>i << 2));
    for (let j = 0; j < cols; j += 4) {
      const at = row + (<usize>j << 2), count = cols - j;
      const x = at_most_4(logits + at, count, 0);
      const softmax = exp_v128(f32x4.sub(f32x4.sub(x, m), l));
      let g = f32x4.sub(f32x4.mul(softmax, factor), uniform);
      if (probabilities) {
        const q = at_most_4(target + at, count, 0);
        g = f32x4.sub(g, f32x4.mul(q, f32x4.splat(<f32>certain)));
      }
      if (count < 4) store_part(dx + at, g, count);
      else v128.store(dx + at, g);
    }
    if (!probabilities) {
      const at = dx + row + (<usize>load<i32>(target + (<usize>i << 2)) << 2);
      store<f32>(at, <f32>(<f64>load<f32>(at) - certain));
    }
  }
}
