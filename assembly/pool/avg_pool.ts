// Average pooling, NHWC: fixed windows, or the adaptive ones of PyTorch, whose bin o of `out` over `size` inputs is
// [floor(o * size / out), ceil((o + 1) * size / out)).
import { AdaptiveAvgPoolDxRecord, AdaptiveAvgPoolRecord, AvgPoolDxRecord, AvgPoolRecord } from "../generated/records";
import { at_most_4, store_part } from "../range";
import { end_tap, first_tap } from "./window";

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
  const dilationH = r.dilationH, dilationW = r.dilationW, paddedH = h + r.padBottom, paddedW = w + r.padRight;
  const pixel = <usize>c << 2, rows = r.batch * oh;
  const rowStep = <usize>(dilationH * w) * pixel, colStep = <usize>dilationW * pixel;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const top = row % oh * r.strideH - padTop;
    const ky = first_tap(top, dilationH), tall = end_tap(top, dilationH, kh, h) - ky;
    const line = r.x + <usize>((row / oh * h + top + ky * dilationH) * w) * pixel;
    const high = end_tap(top, dilationH, kh, paddedH); // windows end with the padding after, as in PyTorch
    for (let j = 0; j < ow; j++) {
      const left = j * r.strideW - padLeft;
      const kx = first_tap(left, dilationW), wide = end_tap(left, dilationW, kw, w) - kx;
      const count = r.countIncludePad ? high * end_tap(left, dilationW, kw, paddedW) : tall * wide;
      const at = line + <usize>(left + kx * dilationW) * pixel;
      average(at, rowStep, colStep, c, tall, wide, count, r.y + <usize>(row * ow + j) * pixel);
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
      average(at, <usize>w * pixel, pixel, c, tall, wide, tall * wide, r.y + <usize>(row * ow + j) * pixel);
    }
  }
}

/** y[0..c) = the sum over `rows` x `cols` pixels from `at` on, these steps apart, / divisor; 0 for an empty window. */
function average(at: usize, rowStep: usize, colStep: usize, c: i32, rows: i32, cols: i32, divisor: i32,
  y: usize): void {
  if (rows <= 0 || cols <= 0) {
    memory.fill(y, 0, <usize>c << 2);
    return;
  }
  const by = f32x4.splat(<f32>divisor);
  for (; c >= 4; c -= 4) {
    v128.store(y, f32x4.div(window_sum(at, rowStep, colStep, rows, cols, 4), by));
    at += 16;
    y += 16;
  }
  if (c > 0) store_part(y, f32x4.div(window_sum(at, rowStep, colStep, rows, cols, c), by), c);
}

/** Row by row, then over rows: two levels keep large windows exact. */
// @ts-ignore: decorator
@inline
function window_sum(at: usize, rowStep: usize, colStep: usize, rows: i32, cols: i32, count: i32): v128 {
  let sum = f32x4.splat(0);
  for (; rows > 0; rows--) {
    let part = f32x4.splat(0), p = at;
    for (let i = cols; i > 0; i--, p += colStep) part = f32x4.add(part, at_most_4(p, count, 0));
    sum = f32x4.add(sum, part);
    at += rowStep;
  }
  return sum;
}

export function f32_avg_pool_dx(r: AvgPoolDxRecord, part: i32, parts: i32): void {
  const dy = r.dy, dx = r.dx, batch = r.batch, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, padTop = r.padTop, padLeft = r.padLeft;
  const dilationH = r.dilationH, dilationW = r.dilationW;
  const reachH = (kh - 1) * dilationH, reachW = (kw - 1) * dilationW;
  // Taps up to here count.
  const countIncludePad = r.countIncludePad;
  const endH = countIncludePad ? h + r.padBottom : h, endW = countIncludePad ? w + r.padRight : w;
  const pixel = <usize>c << 2;
  const rows = batch * h;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const i = row % h + padTop;
    const image = dy + <usize>(row / h * oh * ow) * pixel;
    for (let j = 0; j < w; j++) {
      const to = dx + <usize>(row * w + j) * pixel;
      memory.fill(to, 0, pixel);
      // Windows o with o * stride <= i <= o * stride + reach, of which one tap is i.
      const k = j + padLeft, lastRow = min(i / strideH, oh - 1), lastCol = min(k / strideW, ow - 1);
      for (let o = i <= reachH ? 0 : (i - reachH - 1) / strideH + 1; o <= lastRow; o++) {
        const top = o * strideH - padTop;
        if ((i - o * strideH) % dilationH != 0) continue;
        const tall = end_tap(top, dilationH, kh, endH) - (countIncludePad ? 0 : first_tap(top, dilationH));
        for (let q = k <= reachW ? 0 : (k - reachW - 1) / strideW + 1; q <= lastCol; q++) {
          const left = q * strideW - padLeft;
          if ((k - q * strideW) % dilationW != 0) continue;
          const wide = end_tap(left, dilationW, kw, endW) - (countIncludePad ? 0 : first_tap(left, dilationW));
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
