// Batch normalisation (Ioffe & Szegedy 2015) over x [rows, channels], channels innermost: BatchNorm1d, and BatchNorm2d
// with rows = pixels of all images. y = act(xhat gamma + beta + residual), xhat = (x - mean) rstd.
//
// Loops go along whole rows, four at a time, so that the constants of a channel are loaded once for four rows. Walking
// one group of 16 channels down all rows is 1.4 times as fast for 16 channels and while the tensor fits a cache, but
// falls to a half beyond from 32 channels on.
import { Activation, BatchNormDxRecord, BatchNormRecord, BatchNormRstdRecord, BatchNormUpdateRecord } from "../generated/records";
import { activation_v128 } from "../math/activation";
import { at_most_4, range_begin, store_part } from "../range";
import { relu_v128 } from "../simd";
import { normalize, scale_of } from "./normalize";

export { f32_batch_norm_dw, f32_batch_norm_stats } from "./batch_norm_sums";

/** rstd of given (running) variances. */
export function f32_batch_norm_rstd(r: BatchNormRstdRecord, part: i32, parts: i32): void {
  const variance = r.variance, rstd = r.rstd, channels = r.channels, eps = r.eps;
  const end = range_begin(channels, 16, part + 1, parts);
  for (let j = range_begin(channels, 16, part, parts); j < end; ++j) {
    store<f32>(rstd + (<usize>j << 2), <f32>(1 / sqrt<f64>(<f64>load<f32>(variance + (<usize>j << 2)) + eps)));
  }
}

// @ts-ignore: decorator
@inline
function forward_1(x: usize, residual: usize, y: usize, m: v128, s: v128, b: v128,
  hasResidual: bool, relu: bool): void {
  let v = normalize(v128.load(x), m, s, b);
  if (hasResidual) v = f32x4.add(v, v128.load(residual));
  v128.store(y, relu ? relu_v128(v) : v);
}

/** Four rows of the whole vectors of channels. */
// @ts-ignore: decorator
@inline
function forward_4(x: usize, residual: usize, y: usize, stride: usize, whole: usize, mean: usize, rstd: usize,
  gamma: usize, beta: usize, hasResidual: bool, relu: bool): void {
  for (let at: usize = 0; at < whole; at += 16) {
    const m = v128.load(mean + at), s = scale_of(rstd + at, gamma ? gamma + at : 0, 4);
    const b = beta ? v128.load(beta + at) : f32x4.splat(0);
    let p = at;
    forward_1(x + p, residual + p, y + p, m, s, b, hasResidual, relu);
    p += stride;
    forward_1(x + p, residual + p, y + p, m, s, b, hasResidual, relu);
    p += stride;
    forward_1(x + p, residual + p, y + p, m, s, b, hasResidual, relu);
    p += stride;
    forward_1(x + p, residual + p, y + p, m, s, b, hasResidual, relu);
  }
}

/** Channels `first` to `channels` of one row at x, with any activation. */
function forward_row(x: usize, residual: usize, y: usize, first: i32, channels: i32, mean: usize, rstd: usize,
  gamma: usize, beta: usize, activation: i32, param: f32): void {
  for (let j = first; j < channels; j += 4) {
    const at = <usize>j << 2, count = channels - j;
    const s = scale_of(rstd + at, gamma ? gamma + at : 0, count);
    const b = beta ? at_most_4(beta + at, count, 0) : f32x4.splat(0);
    let v = normalize(at_most_4(x + at, count, 0), at_most_4(mean + at, count, 0), s, b);
    if (residual) v = f32x4.add(v, at_most_4(residual + at, count, 0));
    v = activation_v128(activation, v, param);
    if (count < 4) store_part(y + at, v, count);
    else v128.store(y + at, v);
  }
}

/** gamma, beta and residual may be 0; y may be x or residual. */
export function f32_batch_norm(r: BatchNormRecord, part: i32, parts: i32): void {
  const x = r.x, mean = r.mean, rstd = r.rstd, gamma = r.gamma, beta = r.beta, residual = r.residual, y = r.y;
  const rows = r.rows, channels = r.channels, activation = r.activation, param = r.param;
  const stride = <usize>channels << 2, whole = (<usize>channels & ~3) << 2;
  const relu = activation == Activation.relu;
  const end = range_begin(rows, 4, part + 1, parts);
  let i = range_begin(rows, 4, part, parts);
  while (i < end) {
    const at = <usize>i * stride, from = x + at, skip = residual + at, to = y + at;
    const fast = activation <= Activation.relu && end - i >= 4;
    if (fast && residual) {
      if (relu) forward_4(from, skip, to, stride, whole, mean, rstd, gamma, beta, true, true);
      else forward_4(from, skip, to, stride, whole, mean, rstd, gamma, beta, true, false);
    } else if (fast) {
      if (relu) forward_4(from, 0, to, stride, whole, mean, rstd, gamma, beta, false, true);
      else forward_4(from, 0, to, stride, whole, mean, rstd, gamma, beta, false, false);
    }
    const count = fast ? 4 : 1, first = fast ? channels & ~3 : 0;
    for (let row: usize = 0; row < <usize>count && first < channels; ++row) {
      const p = row * stride;
      forward_row(from + p, residual ? skip + p : 0, to + p, first, channels, mean, rstd, gamma, beta,
        activation, param);
    }
    i += count;
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

/** Four rows of the whole vectors of channels. */
// @ts-ignore: decorator
@inline
function dx_4(dy: usize, x: usize, dx: usize, stride: usize, whole: usize, mean: usize, rstd: usize, gamma: usize,
  dgamma: usize, dbeta: usize, n: v128, training: bool): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < whole; at += 16) {
    const m = training ? v128.load(mean + at) : zero, s = scale_of(rstd + at, gamma ? gamma + at : 0, 4);
    const a = training ? f32x4.mul(v128.load(dbeta + at), n) : zero;
    const k = training ? f32x4.mul(f32x4.mul(v128.load(rstd + at), v128.load(dgamma + at)), n) : zero;
    let p = at;
    dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
    p += stride;
    dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
    p += stride;
    dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
    p += stride;
    dx_1(dy + p, x + p, dx + p, m, s, a, k, training);
  }
}

/** Channels `first` to `channels` of one row; absent pointers are 0. */
function dx_row(dy: usize, x: usize, dx: usize, first: i32, channels: i32, mean: usize, rstd: usize, gamma: usize,
  dgamma: usize, dbeta: usize, n: v128): void {
  for (let j = first; j < channels; j += 4) {
    const at = <usize>j << 2, count = channels - j;
    const s = scale_of(rstd + at, gamma ? gamma + at : 0, count);
    let g = at_most_4(dy + at, count, 0);
    if (dgamma) {
      const a = f32x4.mul(at_most_4(dbeta + at, count, 0), n);
      const k = f32x4.mul(f32x4.mul(at_most_4(rstd + at, count, 0), at_most_4(dgamma + at, count, 0)), n);
      const centred = f32x4.sub(at_most_4(x + at, count, 0), at_most_4(mean + at, count, 0));
      g = f32x4.sub(f32x4.sub(g, a), f32x4.mul(centred, k));
    }
    g = f32x4.mul(g, s);
    if (count < 4) store_part(dx + at, g, count);
    else v128.store(dx + at, g);
  }
}

/** Statistics count as constants when dgamma is 0. dx may be dy or x. */
export function f32_batch_norm_dx(r: BatchNormDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, x = r.x, mean = r.mean, rstd = r.rstd, gamma = r.gamma, dgamma = r.dgamma, dbeta = r.dbeta;
  const dx = r.dx, rows = r.rows, channels = r.channels;
  const stride = <usize>channels << 2, whole = (<usize>channels & ~3) << 2;
  const n = f32x4.splat(<f32>(1 / <f64>rows));
  const end = range_begin(rows, 4, part + 1, parts);
  let i = range_begin(rows, 4, part, parts);
  while (i < end) {
    const at = <usize>i * stride, g = dy + at, v = x + at, to = dx + at;
    const fast = end - i >= 4;
    if (fast) {
      if (dgamma) dx_4(g, v, to, stride, whole, mean, rstd, gamma, dgamma, dbeta, n, true);
      else dx_4(g, v, to, stride, whole, mean, rstd, gamma, 0, 0, n, false);
    }
    const count = fast ? 4 : 1, first = fast ? channels & ~3 : 0;
    for (let row: usize = 0; row < <usize>count && first < channels; ++row) {
      const p = row * stride;
      dx_row(g + p, v + p, to + p, first, channels, mean, rstd, gamma, dgamma, dbeta, n);
    }
    i += count;
  }
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
  for (let j = range_begin(channels, 16, part, parts); j < end; ++j) {
    const at = <usize>j << 2;
    const m = load<f32>(runningMean + at), v = load<f32>(runningVar + at);
    store<f32>(runningMean + at, (1 - momentum) * m + momentum * load<f32>(mean + at));
    store<f32>(runningVar + at, (1 - momentum) * v + momentum * (load<f32>(variance + at) * unbiased));
  }
}
