// Cross-entropy of a softmax, averaged over rows:
//
//   loss = 1/total sum_i w_i sum_j q_ij (L_i - (x_ij - max_i)),   L_i = ln sum_j e^(x_ij - max_i)
//
// with q the target: (1 - s) [j = class] + s / cols for class indices (probabilities = 0), or (1 - s) t_ij + s / cols
// for rows of probabilities t (PyTorch's label smoothing s), times c_j where classes have weights. Without weights w_i
// is 1, without a total it is the number of rows. A row with weight 0 is left out, whatever its logits. `lse` keeps
// L_i, without the maximum: log-sum-exp proper would lose its low bits to a large maximum.
import { CrossEntropy, CrossEntropyDxRecord, CrossEntropyRecord } from "../generated/records";
import { exp_v128 } from "../math/exp";
import { at_most_4, range_begin, store_part } from "../range";
import { claim, sync } from "../sync";
import { sum_f64_lanes, widen } from "./chunks";
import { log_f32, row_exp_sum, row_max } from "./softmax";

// @ts-ignore: decorator
@inline
function weight_of(r: CrossEntropy, i: i32): f64 {
  return r.weights ? load<f32>(r.weights + (<usize>i << 2)) : 1;
}

// @ts-ignore: decorator
@inline
function total_of(r: CrossEntropy): f64 {
  return r.total ? <f64>load<f32>(r.total) : <f64>r.rows;
}

/** The class of row i. */
// @ts-ignore: decorator
@inline
function class_of(target: usize, i: i32): usize {
  return <usize>load<i32>(target + (<usize>i << 2)) << 2;
}

/** Four numbers of a row of them, `count` in its last vector; ones where p is 0, and none beyond the end. */
function row_at(p: usize, at: usize, count: i32): v128 {
  const x = p ? at_most_4(p + at, count, 0) : f32x4.splat(1);
  return count < 4 ? v128.and(x, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3))) : x;
}

/** sum_j t_j c_j (L - (x_j - max)) with t = 1 when targets is 0, c = 1 when classes is 0. */
function weighted_loss(x: usize, targets: usize, classes: usize, cols: i32, largest: f32, logSum: f32): f64 {
  const m = f32x4.splat(largest), l = f32x4.splat(logSum);
  let total = f64x2.splat(0);
  for (let j = 0; j < cols; j += 4) {
    const at = <usize>j << 2, count = cols - j;
    const term = f32x4.sub(l, f32x4.sub(row_at(x, at, count), m));
    const q = f32x4.mul(row_at(targets, at, count), row_at(classes, at, count));
    total = f64x2.add(total, widen(f32x4.mul(term, q)));
  }
  return sum_f64_lanes(total);
}

/** `partial`: the loss of each row, float32. */
export function f32_cross_entropy(r: CrossEntropyRecord, thread: i32, threads: i32): void {
  const logits = r.logits, target = r.target, rows = r.rows, cols = r.cols, classes = r.classes;
  const smoothing = r.smoothing, lse = r.lse, partial = r.partial;
  const stride = <usize>cols << 2;
  let i = 0;
  while ((i = claim(rows, thread, threads)) >= 0) {
    const x = logits + <usize>i * stride, weight = weight_of(r.crossEntropy, i);
    let value: f64 = 0, logSum: f32 = 0;
    if (weight) {
      const largest = row_max(x, cols);
      logSum = log_f32(<f32>row_exp_sum(x, 0, cols, largest));
      if (r.probabilities) value = weighted_loss(x, target + <usize>i * stride, classes, cols, largest, logSum);
      else {
        const label = class_of(target, i);
        value = logSum - (load<f32>(x + label) - largest);
        if (classes) value *= load<f32>(classes + label);
      }
      if (smoothing > 0) {
        const uniform = weighted_loss(x, 0, classes, cols, largest, logSum);
        value = (1 - <f64>smoothing) * value + <f64>smoothing / cols * uniform;
      }
    }
    store<f32>(lse + (<usize>i << 2), logSum);
    store<f32>(partial + (<usize>i << 2), <f32>(value * weight));
  }
  sync(thread, threads);
  if (thread == 0) {
    let total: f64 = 0;
    for (let i = 0; i < rows; i++) total += load<f32>(partial + (<usize>i << 2));
    store<f32>(r.loss, <f32>(total / total_of(r.crossEntropy)));
  }
}

/** sum_j t_j c_j; see weighted_loss. */
function row_sum(targets: usize, classes: usize, cols: i32): f64 {
  let total = f64x2.splat(0);
  for (let j = 0; j < cols; j += 4) {
    const at = <usize>j << 2, count = cols - j;
    total = f64x2.add(total, widen(f32x4.mul(row_at(targets, at, count), row_at(classes, at, count))));
  }
  return sum_f64_lanes(total);
}

/** dx = w (softmax * sum_j q_j - q) / total; dx may be logits. */
export function f32_cross_entropy_dx(r: CrossEntropyDxRecord, part: i32, parts: i32): void {
  const logits = r.logits, target = r.target, dx = r.dx, rows = r.rows, cols = r.cols, classes = r.classes;
  const probabilities = r.probabilities, smoothing = <f64>r.smoothing;
  const stride = <usize>cols << 2;
  const smooth = classes ? smoothing / cols * row_sum(0, classes, cols) : smoothing;
  const end = range_begin(rows, 1, part + 1, parts);
  for (let i = range_begin(rows, 1, part, parts); i < end; i++) {
    const row = <usize>i * stride, weight = weight_of(r.crossEntropy, i);
    if (!weight) {
      memory.fill(dx + row, 0, stride);
      continue;
    }
    const inverse = weight / total_of(r.crossEntropy), certain = (1 - smoothing) * inverse;
    const t = target + row, label = probabilities ? 0 : class_of(target, i);
    // Of one class, without weights, the sum is 1 whatever the smoothing.
    const given: f64 = probabilities ? row_sum(t, classes, cols) : classes ? load<f32>(classes + label) : 1;
    const mass: f64 = probabilities || classes ? (1 - smoothing) * given + smooth : 1;
    const factor = f32x4.splat(<f32>(mass * inverse)), uniform = f32x4.splat(<f32>(smoothing / cols * inverse));
    const m = f32x4.splat(row_max(logits + row, cols)), l = v128.load32_splat(r.lse + (<usize>i << 2));
    for (let j = 0; j < cols; j += 4) {
      const at = <usize>j << 2, count = cols - j;
      const x = at_most_4(logits + row + at, count, 0), c = row_at(classes, at, count);
      const softmax = exp_v128(f32x4.sub(f32x4.sub(x, m), l));
      let g = f32x4.sub(f32x4.mul(softmax, factor), f32x4.mul(uniform, c));
      if (probabilities) {
        const q = f32x4.mul(row_at(t, at, count), c);
        g = f32x4.sub(g, f32x4.mul(q, f32x4.splat(<f32>certain)));
      }
      if (count < 4) store_part(dx + row + at, g, count);
      else v128.store(dx + row + at, g);
    }
    if (!probabilities) {
      const at = dx + row + label;
      store<f32>(at, <f32>(<f64>load<f32>(at) - given * certain));
    }
  }
}
