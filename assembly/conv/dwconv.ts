// Depthwise convolution, NHWC: each channel has a filter of its own, so channels lie across the lanes and there is no
// GEMM. Filters are packed [block of 4 channels][kh][kw][4].
//
// A tile is 7 output pixels by 4 channels, its sums in registers: each tap loads one vector of weights and seven of
// inputs, so that the loop is bound by the two loads a cycle and not by the latency of one sum (9 GFLOPS pixel by
// pixel, 48 so). The inputs lie in a slab, a band of rows with its zero padding, so that no tile meets a border.
import { finish_run } from "../elementwise/activation";
import { Activation, DwconvDwRecord, DwconvPackRecord, DwconvRecord } from "../generated/records";
import { ceiling_of, clamp, floor_of, is_clamp } from "../gemm/epilogue";
import { at_most_4, range_begin, splits_of, store_part } from "../range";
import { fma, zero_v128 } from "../simd";
import { claim } from "../sync";

/** Pixels of a tile: the widths of most networks are multiples of it, and its sums leave registers for the rest. */
// @ts-ignore: decorator
@inline
const PIXELS: i32 = 7;

/** Pixels of the slab this many bytes (or a multiple) apart fall into the same cache sets, and are set apart. */
const SAME_SETS: usize = 1024;

/** packed[c / 4][tap][c % 4] = filter[c][tap], for every step-th tap from `first` on, zeros after the last channel. */
export function f32_dwconv_pack(r: DwconvPackRecord, part: i32, parts: i32): void {
  const ic = r.ic, kw = r.kw, filter = r.filter, taps = <usize>(r.kh * kw) << 2;
  const blocks = (ic + 3) >> 2;
  const begin = range_begin(blocks, 1, part, parts), end = range_begin(blocks, 1, part + 1, parts);
  let to = r.packed + (<usize>(begin * r.tapsH * r.tapsW) << 4);
  for (let block = begin; block < end; block++) {
    for (let i = 0; i < r.tapsH; i++) {
      for (let j = 0; j < r.tapsW; j++) {
        let from = filter + <usize>(block << 2) * taps;
        from += <usize>((r.firstH + i * r.stepH) * kw + r.firstW + j * r.stepW) << 2;
        for (let c = block << 2; c < (block << 2) + 4; c++) {
          store<f32>(to, c < ic ? load<f32>(from) : 0);
          to += 4;
          from += taps;
        }
      }
    }
  }
}

/**
 * y = the sum over taps of x * filter, and what follows. `descending` sums the taps from the last to the first, the
 * filter packed in that order: data gradients are convolutions so, and add in the order of the filter's taps. y is
 * written at the strides yImage, yRow and yCol (in numbers), residual and source are read at them.
 *
 * Scratch of a thread: the slab, `cols` columns of what `band` rows of outputs need, and the sums of a row.
 */
export function f32_dwconv(r: DwconvRecord, thread: i32, threads: i32): void {
  const h = r.h, w = r.w, ic = r.ic, oh = r.oh, kh = r.kh, strideH = r.strideH, dilationH = r.dilationH, band = r.band;
  const cols = r.cols, own = r.scratch + <usize>thread * r.scratchStride, slab = own + r.slab;
  const blocks = (ic + 3) >> 2, bands = (oh + band - 1) / band, jobs = r.batch * bands;
  const splits = splits_of(jobs, blocks, threads);
  let item = 0;
  while ((item = claim(jobs * splits, thread, threads)) >= 0) {
    const split = item % splits, job = item / splits, n = job / bands, begin = job % bands * band;
    const first = blocks * split / splits << 2, channels = min(ic, blocks * (split + 1) / splits << 2) - first;
    const rows = min(band, oh - begin), top = begin * strideH - r.padTop;
    const low = max(0, top), high = min(h, top + (rows - 1) * strideH + (kh - 1) * dilationH + 1);
    const pixel = slab_pixel(channels), rowBytes = <usize>cols * pixel;
    const image = r.x + (<usize>((n * h + low) * w * ic + first) << 2);
    for (let i = low, to = slab, from = image; i < high; i++) {
      copy_row(from, r, channels, to, pixel);
      to += rowBytes;
      from += <usize>(w * ic) << 2;
    }
    for (let i = 0; i < rows; i++) {
      // Taps whose row lies in the image.
      const row = top + i * strideH;
      const tapBegin = row < 0 ? (dilationH - 1 - row) / dilationH : 0;
      const tapEnd = row >= h ? 0 : min(kh, (h - 1 - row) / dilationH + 1);
      const from = slab + <usize>(row - low) * rowBytes;
      const at = <usize>(n * r.yImage + (begin + i) * r.yRow + first) << 2;
      convolve_row(r, from, own + r.sums, first, channels, tapBegin, max(tapEnd, tapBegin), at);
    }
  }
}

/** Bytes from one pixel of the slab to the next. */
// @ts-ignore: decorator
@inline
function slab_pixel(channels: i32): usize {
  const bytes = <usize>((channels + 3) & ~3) << 2;
  return bytes % SAME_SETS ? bytes : bytes + 64;
}

/** A row of the slab: columns [-padLeft, cols - padLeft) of an image's row, zeros where they lie outside. */
function copy_row(from: usize, r: DwconvRecord, channels: i32, to: usize, pixel: usize): void {
  const step = <usize>r.ic << 2;
  const left = -r.padLeft, begin = min(max(-left, 0), r.cols), end = max(min(r.cols, r.w - left), begin);
  memory.fill(to, 0, <usize>begin * pixel);
  memory.fill(to + <usize>end * pixel, 0, <usize>(r.cols - end) * pixel);
  to += <usize>begin * pixel;
  from += <usize>(left + begin) * step;
  if (pixel == step) {
    memory.copy(to, from, <usize>(end - begin) * pixel);
    return;
  }
  for (let j = begin; j < end; j++) {
    let c = channels;
    let a = from, b = to;
    for (; c >= 4; c -= 4) {
      v128.store(b, v128.load(a));
      a += 16;
      b += 16;
    }
    if (c) v128.store(b, at_most_4(a, c, 0));
    from += step;
    to += pixel;
  }
}

/**
 * A row of outputs, `channels` from `first` on, `at` bytes into y, from taps [tapBegin, tapEnd) of the window's rows.
 * `from` is the slab under its first pixel at tap row 0, `sums` room for the row.
 */
function convolve_row(r: DwconvRecord, from: usize, sums: usize, first: i32, channels: i32, tapBegin: i32,
  tapEnd: i32, at: usize): void {
  const ow = r.ow, kh = r.kh, kw = r.kw, e = r.epilogue, pixel = slab_pixel(channels);
  const rowBytes = <usize>(r.dilationH * r.cols) * pixel, descending = r.descending;
  let tapCol = <usize>r.dilationW * pixel, tapRow = rowBytes;
  let weights = r.filter + (<usize>((first >> 2) * kh * kw) << 4);
  if (descending) {
    from += <usize>(tapEnd - 1) * rowBytes + <usize>(kw - 1) * tapCol;
    weights += <usize>((kh - tapEnd) * kw) << 4;
    tapCol = -tapCol;
    tapRow = -tapRow;
  } else {
    from += <usize>tapBegin * rowBytes;
    weights += <usize>(tapBegin * kw) << 4;
  }
  tapRow -= <usize>kw * tapCol;
  const block = <usize>(kh * kw) << 4, used = <usize>((tapEnd - tapBegin) * kw) << 4, width = <usize>kw << 4;
  const step = <usize>r.strideW * pixel;

  // These activations are a maximum and a minimum; others, and a residual, take a second pass over the row.
  const direct = is_clamp(e.activation) && !e.residual, clamps = direct ? e.activation : Activation.none;
  const floor = floor_of(clamps), ceiling = ceiling_of(clamps);
  const bias = e.bias ? e.bias + (<usize>first << 2) : 0;

  const yStep = <usize>(direct ? r.yCol : channels) << 2;
  let y = direct ? e.y + at : sums;
  for (let j = 0; j < ow; j += PIXELS) {
    const count = min(PIXELS, ow - j);
    let x = from, panel = weights, to = y;
    for (let c = 0; c < channels; c += 4) {
      let s0 = zero_v128(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0;
      let p = x, v = panel;
      const last = panel + used;
      while (v < last) {
        const end = v + width;
        while (v < end) {
          const weight = v128.load(v);
          let q = p;
          s0 = fma(v128.load(q), weight, s0);
          q += step; s1 = fma(v128.load(q), weight, s1);
          q += step; s2 = fma(v128.load(q), weight, s2);
          q += step; s3 = fma(v128.load(q), weight, s3);
          q += step; s4 = fma(v128.load(q), weight, s4);
          q += step; s5 = fma(v128.load(q), weight, s5);
          q += step; s6 = fma(v128.load(q), weight, s6);
          p += tapCol;
          v += 16;
        }
        p += tapRow;
      }
      const b = bias ? at_most_4(bias + (<usize>c << 2), channels - c, 0) : zero_v128();
      s0 = clamp(f32x4.add(s0, b), floor, ceiling);
      s1 = clamp(f32x4.add(s1, b), floor, ceiling);
      s2 = clamp(f32x4.add(s2, b), floor, ceiling);
      s3 = clamp(f32x4.add(s3, b), floor, ceiling);
      s4 = clamp(f32x4.add(s4, b), floor, ceiling);
      s5 = clamp(f32x4.add(s5, b), floor, ceiling);
      s6 = clamp(f32x4.add(s6, b), floor, ceiling);
      if (channels - c >= 4) {
        let d = to;
        v128.store(d, s0);
        if (count > 1) { d += yStep; v128.store(d, s1); }
        if (count > 2) { d += yStep; v128.store(d, s2); }
        if (count > 3) { d += yStep; v128.store(d, s3); }
        if (count > 4) { d += yStep; v128.store(d, s4); }
        if (count > 5) { d += yStep; v128.store(d, s5); }
        if (count > 6) { d += yStep; v128.store(d, s6); }
      } else {
        const lanes = channels - c;
        let d = to;
        store_part(d, s0, lanes);
        if (count > 1) { d += yStep; store_part(d, s1, lanes); }
        if (count > 2) { d += yStep; store_part(d, s2, lanes); }
        if (count > 3) { d += yStep; store_part(d, s3, lanes); }
        if (count > 4) { d += yStep; store_part(d, s4, lanes); }
        if (count > 5) { d += yStep; store_part(d, s5, lanes); }
        if (count > 6) { d += yStep; store_part(d, s6, lanes); }
      }
      x += 16;
      to += 16;
      panel += block;
    }
    from += PIXELS * step;
    y += PIXELS * yStep;
  }
  if (direct) return;
  // Pixels that lie side by side in y are one run.
  const whole = r.yCol == channels, runs = whole ? 1 : ow, length = whole ? ow * channels : channels;
  for (let i = 0; i < runs; i++) {
    finish_run(sums, at, length, e);
    sums += <usize>length << 2;
    at += <usize>r.yCol << 2;
  }
}

/** Channels of an item of the weight gradient: a cache line. */
const LINE: i32 = 16;

/**
 * dw[c][tap] = the sum over pixels of dy * x. An item is the taps of one filter row for 16 channels, summed over all
 * images by one thread: first along a row, then over rows.
 *
 * Scratch of a thread: the sums of an item over rows, [tap][16], and those along a row.
 */
export function f32_dwconv_dw(r: DwconvDwRecord, thread: i32, threads: i32): void {
  const h = r.h, ic = r.ic, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw, strideH = r.strideH;
  const pixel = <usize>ic << 2, blocks = (ic + LINE - 1) / LINE;
  const own = r.scratch + <usize>thread * r.scratchStride, totals = own + r.totals, sums = own + r.sums;
  let item = 0;
  while ((item = claim(kh * blocks, thread, threads)) >= 0) {
    const ky = item / blocks, channel = item % blocks * LINE, count = min(ic - channel, LINE);
    const shift = ky * r.dilationH - r.padTop;
    const top = first_inside(shift, strideH), bottom = end_inside(shift, strideH, h, oh);
    memory.fill(totals, 0, <usize>kw << 6);
    for (let n = 0; n < r.batch; n++) {
      for (let i = top; i < bottom; i++) {
        const dy = r.dy + <usize>((n * oh + i) * ow) * pixel + (<usize>channel << 2);
        const x = r.x + <usize>((n * h + i * strideH + shift) * r.w) * pixel + (<usize>channel << 2);
        for (let kx = 0; kx < kw; ) {
          const taps = row_taps(kw - kx);
          row_sums(r, taps, kx, dy, x, count, sums);
          const to = totals + (<usize>kx << 6);
          for (let at: usize = 0; at < <usize>taps << 6; at += 16) {
            v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(sums + at)));
          }
          kx += taps;
        }
      }
    }
    for (let c = 0; c < count; c++) {
      const to = r.dw + (<usize>((channel + c) * kh * kw + ky * kw) << 2);
      for (let kx = 0; kx < kw; kx++) {
        store<f32>(to + (<usize>kx << 2), load<f32>(totals + (<usize>(kx * LINE + c) << 2)));
      }
    }
  }
}

/** How many of `left` taps to sum together: sums of eight vectors at most stay in registers. */
// @ts-ignore: decorator
@inline
function row_taps(left: i32): i32 {
  return left == 4 || left > 5 ? 4 : left >= 3 ? 3 : 1;
}

/** The first output whose input o * stride + shift lies in the row, and the end of them. */
// @ts-ignore: decorator
@inline
function first_inside(shift: i32, stride: i32): i32 {
  return shift < 0 ? (stride - 1 - shift) / stride : 0;
}

// @ts-ignore: decorator
@inline
function end_inside(shift: i32, stride: i32, w: i32, ow: i32): i32 {
  return shift >= w ? 0 : min(ow, (w - 1 - shift) / stride + 1);
}

/** sums[tap][16] of `taps` taps (1, 3 or 4) from kx on, along one row of dy. */
function row_sums(r: DwconvDwRecord, taps: i32, kx: i32, dy: usize, x: usize, count: i32, sums: usize): void {
  const stride = r.strideW, dilation = r.dilationW, w = r.w, ow = r.ow, pixel = <usize>r.ic << 2;
  const shift = kx * dilation - r.padLeft;
  const step = <usize>stride * pixel, tapStep = <usize>dilation * pixel;
  // Outputs [left, right) have the inputs of all of the taps in the image; some taps have more before and after.
  const left = min(ow, first_inside(shift, stride));
  const right = max(left, end_inside(shift + (taps - 1) * dilation, stride, w, ow));
  x += <usize>shift * pixel;
  for (let c = 0; c < count; c += 8) {
    const whole = count - c >= 8, before = whole ? left : ow, after = whole ? right : ow;
    for (let t = 0; t < taps; t++) {
      const at = shift + t * dilation, to = sums + (<usize>t << 6);
      const begin = first_inside(at, stride), end = min(before, end_inside(at, stride, w, ow));
      memory.fill(to, 0, 32);
      edge(r, dy, x + <usize>t * tapStep, begin, end, count - c, to);
    }
    if (whole) {
      const a = dy + <usize>left * pixel, b = x + <usize>left * step, steps = right - left;
      if (taps == 4) correlate(4, a, pixel, b, step, tapStep, steps, sums);
      else if (taps == 3) correlate(3, a, pixel, b, step, tapStep, steps, sums);
      else correlate(1, a, pixel, b, step, tapStep, steps, sums);
    }
    for (let t = 0; t < taps; t++) {
      const at = shift + t * dilation, to = sums + (<usize>t << 6);
      const begin = max(after, first_inside(at, stride)), end = end_inside(at, stride, w, ow);
      edge(r, dy, x + <usize>t * tapStep, begin, end, count - c, to);
    }
    dy += 32;
    x += 32;
    sums += 32;
  }
}

/** sum[0..8) += dy * x of outputs [j, end) for one tap, or of the first `count` channels where there are fewer. */
function edge(r: DwconvDwRecord, dy: usize, x: usize, j: i32, end: i32, count: i32, sum: usize): void {
  const pixel = <usize>r.ic << 2, step = <usize>r.strideW * pixel;
  dy += <usize>j * pixel;
  x += <usize>j * step;
  for (; j < end; j++) {
    v128.store(sum, fma(at_most_4(dy, count, 0), at_most_4(x, count, 0), v128.load(sum)));
    if (count > 4) {
      v128.store(sum, fma(at_most_4(dy + 16, count - 4, 0), at_most_4(x + 16, count - 4, 0), v128.load(sum, 16)), 16);
    }
    dy += pixel;
    x += step;
  }
}

/** sums[tap][0..8) += dy * x of `steps` outputs, for `taps` taps: twice as many sums in registers. */
// @ts-ignore: decorator
@inline
function correlate(taps: i32, dy: usize, pixel: usize, x: usize, step: usize, tapStep: usize, steps: i32,
  sums: usize): void {
  let s00 = v128.load(sums), s01 = v128.load(sums, 16);
  let s10 = s00, s11 = s01, s20 = s00, s21 = s01, s30 = s00, s31 = s01;
  if (taps > 1) {
    s10 = v128.load(sums, 64); s11 = v128.load(sums, 80);
    s20 = v128.load(sums, 128); s21 = v128.load(sums, 144);
  }
  if (taps > 3) { s30 = v128.load(sums, 192); s31 = v128.load(sums, 208); }
  for (; steps > 0; steps--) {
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    let q = x;
    s00 = fma(g0, v128.load(q), s00); s01 = fma(g1, v128.load(q, 16), s01);
    if (taps > 1) {
      q += tapStep; s10 = fma(g0, v128.load(q), s10); s11 = fma(g1, v128.load(q, 16), s11);
      q += tapStep; s20 = fma(g0, v128.load(q), s20); s21 = fma(g1, v128.load(q, 16), s21);
    }
    if (taps > 3) { q += tapStep; s30 = fma(g0, v128.load(q), s30); s31 = fma(g1, v128.load(q, 16), s31); }
    dy += pixel;
    x += step;
  }
  v128.store(sums, s00); v128.store(sums, s01, 16);
  if (taps > 1) {
    v128.store(sums, s10, 64); v128.store(sums, s11, 80);
    v128.store(sums, s20, 128); v128.store(sums, s21, 144);
  }
  if (taps > 3) { v128.store(sums, s30, 192); v128.store(sums, s31, 208); }
}
