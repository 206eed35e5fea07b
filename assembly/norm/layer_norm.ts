// Layer normalisation (Ba et al. 2016) over the last axis: y = xhat gamma + beta, xhat = (x - mean) rstd, with
// rstd = 1 / sqrt(variance + eps) and the biased variance of the row. One thread per row.
import { LayerNormDwRecord, LayerNormDxRecord, LayerNormRecord } from "../generated/records";
import { at_most_4, load_4, load_part, range_begin, store_4 } from "../range";
import { accumulate, sum_chunks, sum_f64_lanes, widen } from "../reduce/chunks";
import { fma } from "../simd";
import { claim, sync } from "../sync";

// Sums along a row: up to 16 vectors in float32, these short sums in float64.
// @ts-ignore: decorator
@inline
const RUN: i32 = 64;

/** Sum of x. */
function row_sum(x: usize, cols: i32): f64 {
  const whole = cols & ~3;
  let sum = f64x2.splat(0), j = 0;
  while (j < whole) {
    let s = f32x4.splat(0);
    for (const stop = min(j + RUN, whole); j < stop; j += 4) s = f32x4.add(s, v128.load(x + (<usize>j << 2)));
    sum = f64x2.add(sum, widen(s));
  }
  if (j < cols) sum = f64x2.add(sum, widen(load_part(x + (<usize>j << 2), cols - j, 0)));
  return sum_f64_lanes(sum);
}

/** Sum of (x - mean)^2. */
function row_squares(x: usize, cols: i32, mean: f32): f64 {
  const m = f32x4.splat(mean), whole = cols & ~3;
  let sum = f64x2.splat(0), j = 0;
  while (j < whole) {
    let s = f32x4.splat(0);
    for (const stop = min(j + RUN, whole); j < stop; j += 4) {
      const d = f32x4.sub(v128.load(x + (<usize>j << 2)), m);
      s = fma(d, d, s);
    }
    sum = f64x2.add(sum, widen(s));
  }
  if (j < cols) {
    const d = f32x4.sub(load_part(x + (<usize>j << 2), cols - j, mean), m);
    sum = f64x2.add(sum, widen(f32x4.mul(d, d)));
  }
  return sum_f64_lanes(sum);
}

/** y from byte `at` to `end` of row i; with `part`, one vector that ends there. */
// @ts-ignore: decorator
@inline
function forward(r: LayerNormRecord, i: i32, at: usize, end: usize, part: bool): void {
  const row = <usize>i * r.cols << 2, x = r.x + row, y = r.y + row, gamma = r.gamma, beta = r.beta;
  const m = v128.load32_splat(r.mean + (<usize>i << 2)), s = v128.load32_splat(r.rstd + (<usize>i << 2));
  const count = part ? <i32>((end - at) >> 2) : 4;
  do { // for V8: see adam.ts
    let v = f32x4.mul(f32x4.sub(load_4(x + at, count, 0, part), m), s);
    if (gamma) v = f32x4.mul(v, load_4(gamma + at, count, 0, part));
    if (beta) v = f32x4.add(v, load_4(beta + at, count, 0, part));
    store_4(y + at, v, count, part);
    at += 16;
  } while (!part && at < end);
}

/** gamma and beta may be 0: xhat itself. y may be x. */
export function f32_layer_norm(r: LayerNormRecord, part: i32, parts: i32): void {
  const cols = r.cols, stride = <usize>cols << 2, whole = stride & ~15;
  const end = range_begin(r.rows, 1, part + 1, parts);
  for (let i = range_begin(r.rows, 1, part, parts); i < end; i++) {
    const x = r.x + <usize>i * stride;
    const average = <f32>(row_sum(x, cols) / cols);
    const inverse = <f32>(1 / sqrt<f64>(row_squares(x, cols, average) / cols + r.eps));
    store<f32>(r.mean + (<usize>i << 2), average);
    store<f32>(r.rstd + (<usize>i << 2), inverse);
    if (whole) forward(r, i, 0, whole, false);
    if (whole < stride) forward(r, i, whole, stride, true);
  }
}

/** g = dy gamma. */
// @ts-ignore: decorator
@inline
function scaled(dy: usize, gamma: usize, at: usize, count: i32, part: bool): v128 {
  const g = load_4(dy + at, count, 0, part);
  return gamma ? f32x4.mul(g, load_4(gamma + at, count, 0, part)) : g;
}

// @ts-ignore: decorator
@inline
function normal(x: usize, at: usize, m: v128, s: v128, count: i32, part: bool): v128 {
  return f32x4.mul(f32x4.sub(load_4(x + at, count, 0, part), m), s);
}

/** dx from byte `at` to `end` of row i, with a = mean(g) and b = mean(g xhat); `part` as in `forward`. */
// @ts-ignore: decorator
@inline
function backward(r: LayerNormDxRecord, i: i32, at: usize, end: usize, a: v128, b: v128, part: bool): void {
  const row = <usize>i * r.cols << 2, dy = r.dy + row, x = r.x + row, dx = r.dx + row, gamma = r.gamma;
  const m = v128.load32_splat(r.mean + (<usize>i << 2)), s = v128.load32_splat(r.rstd + (<usize>i << 2));
  const count = part ? <i32>((end - at) >> 2) : 4;
  do {
    const g = scaled(dy, gamma, at, count, part), xhat = normal(x, at, m, s, count, part);
    store_4(dx + at, f32x4.mul(f32x4.sub(f32x4.sub(g, a), f32x4.mul(xhat, b)), s), count, part);
    at += 16;
  } while (!part && at < end);
}

/** With g = dy gamma:  dx = rstd (g - mean(g) - xhat mean(g xhat)).  dx may be dy or x. */
export function f32_layer_norm_dx(r: LayerNormDxRecord, part: i32, parts: i32): void {
  const gamma = r.gamma, cols = r.cols, stride = <usize>cols << 2, whole = stride & ~15, rest = cols & 3;
  const end = range_begin(r.rows, 1, part + 1, parts);
  for (let i = range_begin(r.rows, 1, part, parts); i < end; i++) {
    const row = <usize>i * stride, g = r.dy + row, v = r.x + row;
    const m = v128.load32_splat(r.mean + (<usize>i << 2)), s = v128.load32_splat(r.rstd + (<usize>i << 2));
    let sum = f64x2.splat(0), product = f64x2.splat(0), at: usize = 0;
    while (at < whole) {
      let p = f32x4.splat(0), q = p;
      for (const stop = min(at + (RUN << 2), whole); at < stop; at += 16) {
        const t = scaled(g, gamma, at, 4, false);
        p = f32x4.add(p, t);
        q = fma(t, normal(v, at, m, s, 4, false), q);
      }
      sum = f64x2.add(sum, widen(p));
      product = f64x2.add(product, widen(q));
    }
    if (rest) {
      const t = scaled(g, gamma, whole, rest, true);
      sum = f64x2.add(sum, widen(t));
      product = f64x2.add(product, widen(f32x4.mul(t, normal(v, whole, m, s, rest, true))));
    }
    const a = f32x4.splat(<f32>(sum_f64_lanes(sum) / cols)), b = f32x4.splat(<f32>(sum_f64_lanes(product) / cols));
    if (whole) backward(r, i, 0, whole, a, b, false);
    if (rest) backward(r, i, whole, stride, a, b, true);
  }
}

/** Adds dy xhat and dy of one row to the float64 sums, four columns at a time. */
function add_row(dy: usize, x: usize, m: v128, s: v128, cols: i32, dgamma: usize, dbeta: usize): void {
  for (let j = 0; j < cols; j += 4) {
    const at = <usize>j << 2, count = cols - j;
    const g = at_most_4(dy + at, count, 0);
    const xhat = f32x4.mul(f32x4.sub(at_most_4(x + at, count, 0), m), s);
    accumulate(dgamma + (at << 1), f32x4.mul(g, xhat));
    accumulate(dbeta + (at << 1), g);
  }
}

/** Four rows at once where four columns remain; the rest by add_row. */
function add_rows(dy: usize, x: usize, mean: usize, rstd: usize, rows: i32, cols: i32,
  dgamma: usize, dbeta: usize): void {
  const stride = <usize>cols << 2, whole = (<usize>cols & ~3) << 2;
  for (; rows >= 4; rows -= 4) {
    const m0 = v128.load32_splat(mean), m1 = v128.load32_splat(mean, 4);
    const m2 = v128.load32_splat(mean, 8), m3 = v128.load32_splat(mean, 12);
    const s0 = v128.load32_splat(rstd), s1 = v128.load32_splat(rstd, 4);
    const s2 = v128.load32_splat(rstd, 8), s3 = v128.load32_splat(rstd, 12);
    for (let at: usize = 0; at < whole; at += 16) {
      let g = v128.load(dy + at), p = x + at, q = dy + at;
      let b = g, c = f32x4.mul(g, f32x4.mul(f32x4.sub(v128.load(p), m0), s0));
      q += stride; p += stride; g = v128.load(q);
      b = f32x4.add(b, g); c = fma(g, f32x4.mul(f32x4.sub(v128.load(p), m1), s1), c);
      q += stride; p += stride; g = v128.load(q);
      b = f32x4.add(b, g); c = fma(g, f32x4.mul(f32x4.sub(v128.load(p), m2), s2), c);
      q += stride; p += stride; g = v128.load(q);
      b = f32x4.add(b, g); c = fma(g, f32x4.mul(f32x4.sub(v128.load(p), m3), s3), c);
      accumulate(dgamma + (at << 1), c);
      accumulate(dbeta + (at << 1), b);
    }
    if (cols & 3) {
      const to = whole << 1;
      for (let i: usize = 0; i < 4; i++) {
        const m = v128.load32_splat(mean + (i << 2)), s = v128.load32_splat(rstd + (i << 2)), at = i * stride + whole;
        add_row(dy + at, x + at, m, s, cols & 3, dgamma + to, dbeta + to);
      }
    }
    dy += stride * 4; x += stride * 4; mean += 16; rstd += 16;
  }
  for (; rows > 0; rows--) {
    add_row(dy, x, v128.load32_splat(mean), v128.load32_splat(rstd), cols, dgamma, dbeta);
    dy += stride; x += stride; mean += 4; rstd += 4;
  }
}

/** dgamma = sum over rows of dy xhat, dbeta = sum of dy. `partial`: two rows of float64 a chunk, in whole vectors. */
export function f32_layer_norm_dw(r: LayerNormDwRecord, thread: i32, threads: i32): void {
  const dy = r.dy, x = r.x, mean = r.mean, rstd = r.rstd, dgamma = r.dgamma, dbeta = r.dbeta, rows = r.rows;
  const cols = r.cols, partial = r.partial;
  const size = r.chunk, chunks = (rows + size - 1) / size;
  const bytes = r.chunkBytes, half = bytes >> 1;
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    const first = <usize>(chunk * size), at = first * cols << 2;
    const sums = partial + <usize>chunk * bytes;
    memory.fill(sums, 0, bytes);
    const count = min(size, rows - <i32>first);
    add_rows(dy + at, x + at, mean + (first << 2), rstd + (first << 2), count, cols, sums, sums + half);
  }
  sync(thread, threads);
  const end = range_begin(cols, 16, thread + 1, threads);
  for (let j = range_begin(cols, 16, thread, threads); j < end; j++) {
    const at = partial + (<usize>j << 3);
    store<f32>(dgamma + (<usize>j << 2), <f32>sum_chunks(at, bytes, chunks));
    store<f32>(dbeta + (<usize>j << 2), <f32>sum_chunks(at + half, bytes, chunks));
  }
}
