// Average pooling, NHWC: fixed windows, or the adaptive ones of PyTorch, whose bin o of `out` over `size` inputs is
// [floor(o * size / out), ceil((o + 1) * size / out)).
import { AdaptiveAvgPoolDxRecord, AdaptiveAvgPoolRecord, AvgPoolDxRecord, AvgPoolRecord } from "../generated/records";
import { at_most_4, store_part } from "../range";

// @ts-ignore: decorator
@inline
function bin_begin(o: i32, size: i32, out: i32): i32 {
  return <i32>(<i64>o * size / out);
}

// @ts-ignore: decorator
@inline
function bin_end(o: i32, size: i32, out: i32): i32 {
  return <i32>((<i64>(o + 1) * size + out - 1) / out);
}

export function f32_avg_pool(r: AvgPoolRecord, part: i32, parts: i32): void {
  const h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw, padTop = r.padTop, padLeft = r.padLeft;
  const pixel = <usize>c << 2, rows = r.batch * oh;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const top = row % oh * r.strideH - padTop;
    const tall = min(top + kh, h + padTop) - top; // windows end with the padding after, as in PyTorch
    const begin = max(top, 0), end = min(top + kh, h);
    const image = r.x + <usize>(row / oh * h * w) * pixel;
    for (let j = 0; j < ow; j++) {
      const left = j * r.strideW - padLeft;
      const wide = min(left + kw, w + padLeft) - left;
      const from = max(left, 0), to = min(left + kw, w);
      const count = r.countIncludePad ? tall * wide : (end - begin) * (to - from);
      const at = image + <usize>(begin * w + from) * pixel;
      average(at, w, c, end - begin, to - from, count, r.y + <usize>(row * ow + j) * pixel);
    }
  }
}

export function f32_adaptive_avg_pool(r: AdaptiveAvgPoolRecord, part: i32, parts: i32): void {
  const h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow;
  const pixel = <usize>c << 2, rows = r.batch * oh;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const begin = bin_begin(row % oh, h, oh), tall = bin_end(row % oh, h, oh) - begin;
    const image = r.x + <usize>(row / oh * h * w) * pixel;
    for (let j = 0; j < ow; j++) {
      const from = bin_begin(j, w, ow), wide = bin_end(j, w, ow) - from;
      const at = image + <usize>(begin * w + from) * pixel;
      average(at, w, c, tall, wide, tall * wide, r.y + <usize>(row * ow + j) * pixel);
    }
  }
}

/**
 * y[0..c) = the sum over `rows` x `cols` pixels from `at` on, in an image of width w, / divisor; 0 for an empty window.
 */
function average(at: usize, w: i32, c: i32, rows: i32, cols: i32, divisor: i32, y: usize): void {
  const pixel = <usize>c << 2;
  if (rows <= 0 || cols <= 0) {
    memory.fill(y, 0, pixel);
    return;
  }
  const row = <usize>w * pixel, wide = <usize>cols * pixel, tall = <usize>rows * row;
  const by = f32x4.splat(<f32>divisor);
  for (; c >= 4; c -= 4) {
    v128.store(y, f32x4.div(window_sum(at, row, wide, tall, pixel, 4), by));
    at += 16;
    y += 16;
  }
  if (c > 0) store_part(y, f32x4.div(window_sum(at, row, wide, tall, pixel, c), by), c);
}

/** Row by row, then over rows: two levels keep large windows exact. */
// @ts-ignore: decorator
@inline
function window_sum(at: usize, row: usize, wide: usize, tall: usize, pixel: usize, count: i32): v128 {
  let sum = f32x4.splat(0);
  for (let i: usize = 0; i < tall; i += row) {
    let part = f32x4.splat(0);
    for (let p = at + i, end = p + wide; p < end; p += pixel) part = f32x4.add(part, at_most_4(p, count, 0));
    sum = f32x4.add(sum, part);
  }
  return sum;
}

export function f32_avg_pool_dx(r: AvgPoolDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, dx = r.dx, batch = r.batch, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, padTop = r.padTop, padLeft = r.padLeft;
  const countIncludePad = r.countIncludePad;
  const pixel = <usize>c << 2;
  const rows = batch * h;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const i = row % h + padTop;
    const image = dy + <usize>(row / h * oh * ow) * pixel;
    for (let j = 0; j < w; j++) {
      const to = dx + <usize>(row * w + j) * pixel;
      memory.fill(to, 0, pixel);
      // Windows o with o * stride <= i < o * stride + kernel.
      for (let o = i < kh ? 0 : (i - kh) / strideH + 1, lastRow = min(i / strideH, oh - 1); o <= lastRow; o++) {
        const top = o * strideH - padTop;
        const tall = countIncludePad ? min(top + kh, h + padTop) - top : min(top + kh, h) - max(top, 0);
        const k = j + padLeft;
        for (let q = k < kw ? 0 : (k - kw) / strideW + 1, lastCol = min(k / strideW, ow - 1); q <= lastCol; q++) {
          const left = q * strideW - padLeft;
          const wide = countIncludePad ? min(left + kw, w + padLeft) - left : min(left + kw, w) - max(left, 0);
          add_scaled(to, image + <usize>(o * ow + q) * pixel, c, 1 / <f32>(tall * wide));
        }
      }
    }
  }
}

export function f32_adaptive_avg_pool_dx(r: AdaptiveAvgPoolDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, dx = r.dx, batch = r.batch, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow;

  const pixel = <usize>c << 2;
  const rows = batch * h;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const i = row % h;
    const image = dy + <usize>(row / h * oh * ow) * pixel;
    for (let j = 0; j < w; j++) {
      const to = dx + <usize>(row * w + j) * pixel;
      memory.fill(to, 0, pixel);
      // Bins that hold input i: the bins of the opposite pooling, from outputs to inputs.
      for (let o = bin_begin(i, oh, h), endRow = bin_end(i, oh, h); o < endRow; o++) {
        const tall = bin_end(o, h, oh) - bin_begin(o, h, oh);
        for (let q = bin_begin(j, ow, w), endCol = bin_end(j, ow, w); q < endCol; q++) {
          const wide = bin_end(q, w, ow) - bin_begin(q, w, ow);
          add_scaled(to, image + <usize>(o * ow + q) * pixel, c, 1 / <f32>(tall * wide));
        }
      }
    }
  }
}

/** to[0..c) += from[0..c) * factor. */
function add_scaled(to: usize, from: usize, c: i32, factor: f32): void {
  for (; c >= 4; c -= 4) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(from), f32x4.splat(factor))));
    to += 16;
    from += 16;
  }
  for (; c > 0; c--) {
    store<f32>(to, load<f32>(to) + load<f32>(from) * factor);
    to += 4;
    from += 4;
  }
}
