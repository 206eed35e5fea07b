// Batch normalisation (Ioffe & Szegedy 2015) over x [rows, channels], channels innermost: BatchNorm1d, and BatchNorm2d
// with rows = pixels of all images. y = act(xhat gamma + beta + residual), xhat = (x - mean) rstd.
//
// Loops go along whole rows, four at a time, so that the constants of a channel are loaded once for four rows. Walking
// one group of 16 channels down all rows is 1.4 times as fast for 16 channels and while the tensor fits a cache, but
// falls to a half beyond from 32 channels on.
import {
  Activation, BatchNormDxRecord, BatchNormRecord, BatchNormRstdRecord, BatchNormUpdateRecord,
} from "../generated/records";
import { activation_run } from "../elementwise/activation";
import { ceiling_of, clamp, floor_of, is_clamp } from "../gemm/epilogue";
import { at_most_4, range_begin, store_at_most_4 } from "../range";
import { normalize, scale_of } from "./normalize";

/** rstd of given (running) variances. */
export function f32_batch_norm_rstd(r: BatchNormRstdRecord, part: i32, parts: i32): void {
  const variance = r.variance, rstd = r.rstd, channels = r.channels, eps = r.eps;
  const end = range_begin(channels, 16, part + 1, parts);
  for (let j = range_begin(channels, 16, part, parts); j < end; j++) {
    store<f32>(rstd + (<usize>j << 2), <f32>(1 / sqrt<f64>(<f64>load<f32>(variance + (<usize>j << 2)) + eps)));
  }
}

// @ts-ignore: decorator
@inline
function forward_1(x: usize, residual: usize, m: v128, s: v128, b: v128, hasResidual: bool): v128 {
  const v = normalize(v128.load(x), m, s, b);
  return hasResidual ? f32x4.add(v, v128.load(residual)) : v;
}

/** The whole vectors of four rows from byte `row` on. */
// @ts-ignore: decorator
@inline
function forward_4(r: BatchNormRecord, row: usize, floor: v128, ceiling: v128, hasResidual: bool): void {
  const x = r.x, residual = r.residual, y = r.y, mean = r.mean, rstd = r.rstd, gamma = r.gamma, beta = r.beta;
  const stride = <usize>r.channels << 2, whole = stride & ~15;
  for (let at: usize = 0; at < whole; at += 16) {
    const m = v128.load(mean + at), s = scale_of(rstd + at, gamma ? gamma + at : 0, 4);
    const b = beta ? v128.load(beta + at) : f32x4.splat(0);
    let p = row + at;
    v128.store(y + p, clamp(forward_1(x + p, residual + p, m, s, b, hasResidual), floor, ceiling));
    p += stride;
    v128.store(y + p, clamp(forward_1(x + p, residual + p, m, s, b, hasResidual), floor, ceiling));
    p += stride;
    v128.store(y + p, clamp(forward_1(x + p, residual + p, m, s, b, hasResidual), floor, ceiling));
    p += stride;
    v128.store(y + p, clamp(forward_1(x + p, residual + p, m, s, b, hasResidual), floor, ceiling));
  }
}

/** The row at byte `row` from byte `at` on. */
function forward_row(r: BatchNormRecord, row: usize, at: usize, floor: v128, ceiling: v128): void {
  const stride = <usize>r.channels << 2, gamma = r.gamma, beta = r.beta, residual = r.residual;
  for (; at < stride; at += 16) {
    const count = <i32>((stride - at) >> 2);
    const s = scale_of(r.rstd + at, gamma ? gamma + at : 0, count);
    const b = beta ? at_most_4(beta + at, count, 0) : f32x4.splat(0);
    let v = normalize(at_most_4(r.x + row + at, count, 0), at_most_4(r.mean + at, count, 0), s, b);
    if (residual) v = f32x4.add(v, at_most_4(residual + row + at, count, 0));
    store_at_most_4(r.y + row + at, clamp(v, floor, ceiling), count);
  }
}

/** gamma, beta and residual may be 0; y may be x or residual. */
export function f32_batch_norm(r: BatchNormRecord, part: i32, parts: i32): void {
  const activation = r.activation, stride = <usize>r.channels << 2;
  // These activations are a maximum and a minimum; others take a second pass over rows that lie in L1.
  const clamps = is_clamp(activation) ? activation : Activation.none;
  const floor = floor_of(clamps), ceiling = ceiling_of(clamps);
  const begin = range_begin(r.rows, 4, part, parts), end = range_begin(r.rows, 4, part + 1, parts);
  for (let i = begin; i < end; i += 4) {
    const row = <usize>i * stride, rows = min(4, end - i);
    if (rows == 4) {
      if (r.residual) forward_4(r, row, floor, ceiling, true);
      else forward_4(r, row, floor, ceiling, false);
    }
    if (rows < 4 || stride & 15) {
      for (let n = 0; n < rows; n++) {
        forward_row(r, row + <usize>n * stride, rows < 4 ? 0 : stride & ~15, floor, ceiling);
      }
    }
    if (clamps != activation) activation_run(activation, r.y, r.y, row, row + <usize>rows * stride, r.param);
  }
}

// Backward of y = xhat gamma + beta with xhat = (x - mean) rstd. Where mean and variance are those of the batch, the
// gradient flows through them too:
//   dx = gamma rstd (dy - dbeta / rows - xhat dgamma / rows),  otherwise  dx = gamma rstd dy
// In the code: dx = s (dy - a - (x - mean) k),  s = gamma rstd,  a = dbeta / rows,  k = rstd dgamma / rows.

// @ts-ignore: decorator
@inline
function dx_1(dy: usize, x: usize, dx: usize, m: v128, s: v128, a: v128, k: v128, training: bool): void {
  let g = v128.load(dy);
  if (training) g = f32x4.sub(f32x4.sub(g, a), f32x4.mul(f32x4.sub(v128.load(x), m), k));
  v128.store(dx, f32x4.mul(g, s));
}

/** The whole vectors of rows `i` to `end`, by four rows; returns the first row that is left. */
// @ts-ignore: decorator
@inline
function dx_4(r: BatchNormDxRecord, i: i32, end: i32, n: v128, training: bool): i32 {
  const dy = r.dy, x = r.x, dx = r.dx, mean = r.mean, rstd = r.rstd, gamma = r.gamma;
  const dgamma = r.dgamma, dbeta = r.dbeta;
  const stride = <usize>r.channels << 2, whole = stride & ~15, zero = f32x4.splat(0);
  for (; i + 4 <= end; i += 4) {
    const row = <usize>i * stride;
    for (let at: usize = 0; at < whole; at += 16) {
      const m = training ? v128.load(mean + at) : zero, s = scale_of(rstd + at, gamma ? gamma + at : 0, 4);
      const a = training ? f32x4.mul(v128.load(dbeta + at), n) : zero;
      const k = training ? f32x4.mul(f32x4.mul(v128.load(rstd + at), v128.load(dgamma + at)), n) : zero;
      let p = row + at;
      dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
      p += stride;
      dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
      p += stride;
      dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
      p += stride;
      dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
    }
  }
  return i;
}

/** Row `i` from byte `at` on. */
function dx_row(r: BatchNormDxRecord, i: i32, at: usize, n: v128): void {
  const stride = <usize>r.channels << 2, row = <usize>i * stride, gamma = r.gamma, dgamma = r.dgamma;
  for (; at < stride; at += 16) {
    const count = <i32>((stride - at) >> 2);
    const s = scale_of(r.rstd + at, gamma ? gamma + at : 0, count);
    let g = at_most_4(r.dy + row + at, count, 0);
    if (dgamma) {
      const a = f32x4.mul(at_most_4(r.dbeta + at, count, 0), n);
      const k = f32x4.mul(f32x4.mul(at_most_4(r.rstd + at, count, 0), at_most_4(dgamma + at, count, 0)), n);
      const centred = f32x4.sub(at_most_4(r.x + row + at, count, 0), at_most_4(r.mean + at, count, 0));
      g = f32x4.sub(f32x4.sub(g, a), f32x4.mul(centred, k));
    }
    g = f32x4.mul(g, s);
    store_at_most_4(r.dx + row + at, g, count);
  }
}

/** Statistics count as constants when dgamma is 0. dx may be dy or x. */
export function f32_batch_norm_dx(r: BatchNormDxRecord, part: i32, parts: i32): void {
  const n = f32x4.splat(<f32>(1 / <f64>r.rows)), stride = <usize>r.channels << 2;
  const begin = range_begin(r.rows, 4, part, parts), end = range_begin(r.rows, 4, part + 1, parts);
  const left = r.dgamma ? dx_4(r, begin, end, n, true) : dx_4(r, begin, end, n, false);
  for (let i = stride & 15 ? begin : left; i < end; i++) dx_row(r, i, i < left ? stride & ~15 : 0, n);
}

/**
 * running = (1 - momentum) running + momentum batch, the batch's variance being the unbiased one (PyTorch's rule), and
 * 1 added to the f32 count at `batches` (0: none).
 */
export function f32_batch_norm_update(r: BatchNormUpdateRecord, part: i32, parts: i32): void {
  const mean = r.mean, variance = r.variance, runningMean = r.runningMean, runningVar = r.runningVar;
  const rows = r.rows, channels = r.channels, momentum = r.momentum, batches = r.batches;
  if (part == 0 && batches) store<f32>(batches, load<f32>(batches) + 1);
  const unbiased = <f32>(<f64>rows / max(rows - 1, 1));
  const end = range_begin(channels, 16, part + 1, parts);
  for (let j = range_begin(channels, 16, part, parts); j < end; j++) {
    const at = <usize>j << 2;
    const m = load<f32>(runningMean + at), v = load<f32>(runningVar + at);
    store<f32>(runningMean + at, (1 - momentum) * m + momentum * load<f32>(mean + at));
    store<f32>(runningVar + at, (1 - momentum) * v + momentum * (load<f32>(variance + at) * unbiased));
  }
}
