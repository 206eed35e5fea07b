// The sums of batch normalisation over the rows of x [rows, channels] (channels innermost): statistics of a batch, and
// the gradients of gamma and beta.
import { BatchNormDwRecord, BatchNormStatsRecord } from "../generated/records";
import { at_most_4, range_begin } from "../range";
import { accumulate, sum_chunks } from "../reduce/chunks";
import { fma } from "../simd";
import { claim, sync } from "../sync";

/** shift[j] = mean of the first `rows` rows, in float32. */
function first_means(x: usize, rows: i32, channels: i32, shift: usize): void {
  const stride = <usize>channels << 2;
  const factor: f32 = 1 / <f32>rows;
  for (let j = 0; j < channels; j += 4) {
    const count = channels - j;
    let sum = f32x4.splat(0), p = x + (<usize>j << 2);
    for (let i = rows; i > 0; i--) {
      sum = f32x4.add(sum, at_most_4(p, count, 0));
      p += stride;
    }
    v128.store(shift + (<usize>j << 2), f32x4.mul(sum, f32x4.splat(factor)));
  }
}

// Adds x - shift and its square to the float64 sums: eight rows of four channels, and single rows of `count` channels.

// @ts-ignore: decorator
@inline
function moments_8(x: usize, stride: usize, k: v128, sum: usize, squares: usize): void {
  let d = f32x4.sub(v128.load(x), k), s = d, q = f32x4.mul(d, d);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  x += stride; d = f32x4.sub(v128.load(x), k); s = f32x4.add(s, d); q = fma(d, d, q);
  accumulate(sum, s);
  accumulate(squares, q);
}

function moments_1(x: usize, count: i32, shift: usize, sum: usize, squares: usize): void {
  for (; count > 0; count -= 4) {
    const d = f32x4.sub(at_most_4(x, count, 0), v128.load(shift));
    accumulate(sum, d);
    accumulate(squares, f32x4.mul(d, d));
    x += 16; shift += 16; sum += 32; squares += 32;
  }
}

/**
 * Mean and sum of squared deviations of one chunk, left in `mean` and `m2` (float64 rows). Deviations are taken from
 * the mean of the chunk's first 8 rows, so that the squares hardly cancel however far the data lie from 0.
 */
export function chunk_moments(x: usize, rows: i32, channels: i32, mean: usize, m2: usize, shift: usize): void {
  first_means(x, min(rows, 8), channels, shift);
  const stride = <usize>channels << 2, whole = (<usize>channels & ~3) << 2, rest = channels & 3;
  let i = rows;
  for (; i >= 8; i -= 8) {
    for (let at: usize = 0; at < whole; at += 16) {
      moments_8(x + at, stride, v128.load(shift + at), mean + (at << 1), m2 + (at << 1));
    }
    for (let row = 0; row < 8; row++) {
      if (rest) moments_1(x + whole, rest, shift + whole, mean + (whole << 1), m2 + (whole << 1));
      x += stride;
    }
  }
  for (; i > 0; i--) {
    moments_1(x, channels, shift, mean, m2);
    x += stride;
  }
  for (let j = <usize>0; j < <usize>channels; j++) {
    const sum = load<f64>(mean + (j << 3)), squares = load<f64>(m2 + (j << 3));
    store<f64>(mean + (j << 3), load<f32>(shift + (j << 2)) + sum / rows);
    store<f64>(m2 + (j << 3), max<f64>(squares - sum * sum / rows, 0));
  }
}

/** Mean, biased variance and 1 / sqrt(variance + eps). `partial`: two float64 rows and a float32 row a chunk. */
export function f32_batch_norm_stats(r: BatchNormStatsRecord, thread: i32, threads: i32): void {
  const x = r.x, mean = r.mean, variance = r.variance, rstd = r.rstd, rows = r.rows, channels = r.channels;
  const eps = r.eps, partial = r.partial;
  const size = r.chunk, chunks = (rows + size - 1) / size;
  const bytes = r.chunkBytes, half = bytes / 5 << 1; // two rows of float64, one of float32
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    const first = chunk * size;
    const sums = partial + <usize>chunk * bytes;
    memory.fill(sums, 0, half << 1);
    const from = x + (<usize>first * channels << 2);
    chunk_moments(from, min(size, rows - first), channels, sums, sums + half, sums + (half << 1));
  }
  sync(thread, threads);
  const end = range_begin(channels, 16, thread + 1, threads);
  for (let j = range_begin(channels, 16, thread, threads); j < end; j++) {
    // Chan, Golub & LeVeque (1979): joins the moments of `seen` rows with those of `count` more.
    let seen: f64 = 0, average: f64 = 0, m2: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const at = partial + <usize>chunk * bytes + (<usize>j << 3);
      const count = <f64>min(size, rows - chunk * size);
      const share = count / (seen + count);
      const delta = load<f64>(at) - average;
      average += delta * share;
      m2 += load<f64>(at + half) + delta * delta * seen * share;
      seen += count;
    }
    const at = <usize>j << 2;
    store<f32>(mean + at, <f32>average);
    store<f32>(variance + at, <f32>(m2 / rows));
    store<f32>(rstd + at, <f32>(1 / sqrt<f64>(m2 / rows + eps)));
  }
}

/** Adds dy and dy (x - mean) of one row to the float64 sums. */
function gradients_1(dy: usize, x: usize, mean: usize, count: i32, dgamma: usize, dbeta: usize): void {
  for (; count > 0; count -= 4) {
    const g = at_most_4(dy, count, 0);
    accumulate(dbeta, g);
    accumulate(dgamma, f32x4.mul(g, f32x4.sub(at_most_4(x, count, 0), at_most_4(mean, count, 0))));
    dy += 16; x += 16; mean += 16; dgamma += 32; dbeta += 32;
  }
}

// @ts-ignore: decorator
@inline
function gradients_8(dy: usize, x: usize, mean: usize, stride: usize, whole: usize, dgamma: usize, dbeta: usize): void {
  for (let at: usize = 0; at < whole; at += 16) {
    const m = v128.load(mean + at);
    let p = dy + at, q = x + at;
    let g = v128.load(p), sum = g, product = f32x4.mul(g, f32x4.sub(v128.load(q), m));
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    p += stride; q += stride; g = v128.load(p);
    sum = f32x4.add(sum, g); product = fma(g, f32x4.sub(v128.load(q), m), product);
    accumulate(dbeta + (at << 1), sum);
    accumulate(dgamma + (at << 1), product);
  }
}

/** dbeta = sum of dy, dgamma = sum of dy xhat. `partial`: two rows of float64 a chunk, in whole vectors. */
export function f32_batch_norm_dw(r: BatchNormDwRecord, thread: i32, threads: i32): void {
  const dy = r.dy, x = r.x, mean = r.mean, rstd = r.rstd, dgamma = r.dgamma, dbeta = r.dbeta, rows = r.rows;
  const channels = r.channels, partial = r.partial;
  const size = r.chunk, chunks = (rows + size - 1) / size;
  const bytes = r.chunkBytes, half = bytes >> 1;
  const stride = <usize>channels << 2, whole = (<usize>channels & ~3) << 2, rest = channels & 3;
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    const sg = partial + <usize>chunk * bytes, sb = sg + half;
    memory.fill(sg, 0, bytes);
    let i = min(size, rows - chunk * size), at = <usize>(chunk * size) * stride;
    for (; i >= 8; i -= 8) {
      gradients_8(dy + at, x + at, mean, stride, whole, sg, sb);
      for (let row = 0; row < 8; row++) {
        const p = at + whole;
        if (rest) gradients_1(dy + p, x + p, mean + whole, rest, sg + (whole << 1), sb + (whole << 1));
        at += stride;
      }
    }
    for (; i > 0; i--) {
      gradients_1(dy + at, x + at, mean, channels, sg, sb);
      at += stride;
    }
  }
  sync(thread, threads);
  const end = range_begin(channels, 16, thread + 1, threads);
  for (let j = range_begin(channels, 16, thread, threads); j < end; j++) {
    const from = partial + (<usize>j << 3), at = <usize>j << 2;
    store<f32>(dgamma + at, <f32>(sum_chunks(from, bytes, chunks) * load<f32>(rstd + at)));
    store<f32>(dbeta + at, <f32>sum_chunks(from + half, bytes, chunks));
  }
}
