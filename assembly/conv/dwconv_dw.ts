// Weight gradient of a depthwise convolution:
//
//   dw[c][tap] = the sum over pixels of dy * x, first along a row of dy, then over rows and images
//
// All taps of all channels pass over a band of rows while it lies in L2; its inputs lie in a slab with their padding,
// so that no tap meets a border. Rows of the window that lie outside of the image are left out.
import { DwconvDwRecord } from "../generated/records";
import { at_most_4, splits_of } from "../range";
import { fma, zero_v128 } from "../simd";
import { claim } from "../sync";
import { copy_channels, slab_pixel } from "./dwconv_slab";

/** Channels that threads divide among themselves: a cache line. */
const LINE: i32 = 16;

/**
 * Scratch of a thread: the slab, the sums of a row of dy [tap][8], and those of all rows [channels / 8][tap][8].
 */
export function f32_dwconv_dw(r: DwconvDwRecord, thread: i32, threads: i32): void {
  const h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw, strideH = r.strideH, band = r.band;
  const dilationH = r.dilationH, cols = (ow - 1) * r.strideW + (kw - 1) * r.dilationW + 1, taps = kh * kw;
  const own = r.scratch + <usize>thread * r.scratchStride, slab = own + r.slab, totals = own + r.totals;
  const lines = (ic + LINE - 1) / LINE, splits = splits_of(1, lines, threads);
  let item = 0;
  while ((item = claim(splits, thread, threads)) >= 0) {
    const first = lines * item / splits * LINE, channels = min(ic, lines * (item + 1) / splits * LINE) - first;
    const rowBytes = <usize>cols * slab_pixel(channels);
    memory.fill(totals, 0, <usize>((channels + 7 & ~7) * taps) << 2);
    for (let n = 0; n < r.batch; n++) {
      for (let begin = 0; begin < oh; begin += band) {
        const rows = min(band, oh - begin), top = begin * strideH - r.padTop;
        const low = max(0, top), high = min(h, top + (rows - 1) * strideH + (kh - 1) * dilationH + 1);
        copy_channels(r.x + (<usize>((n * h + low) * w * ic + first) << 2), w, ic, -r.padLeft, high - low, cols,
          channels, slab);
        for (let i = 0; i < rows; i++) {
          const row = top + i * strideH;
          const tapBegin = row < 0 ? (dilationH - 1 - row) / dilationH : 0;
          const tapEnd = row >= h ? 0 : min(kh, (h - 1 - row) / dilationH + 1);
          const dy = r.dy + (<usize>((n * oh + begin + i) * ow * ic + first) << 2);
          row_gradient(r, dy, slab + <usize>(row - low) * rowBytes, channels, tapBegin, tapEnd, own);
        }
      }
    }
    for (let c = 0; c < channels; c++) {
      const from = totals + (<usize>((c & ~7) * taps + (c & 7)) << 2);
      const to = r.dw + (<usize>((first + c) * taps) << 2);
      for (let t = 0; t < taps; t++) store<f32>(to + (<usize>t << 2), load<f32>(from + (<usize>t << 5)));
    }
  }
}

/** Adds a row of dy, over taps [tapBegin, tapEnd) of the window's rows; x stands under its first pixel at tap row 0. */
function row_gradient(r: DwconvDwRecord, dy: usize, x: usize, channels: i32, tapBegin: i32, tapEnd: i32,
  own: usize): void {
  const ow = r.ow, kw = r.kw, pixel = slab_pixel(channels), dyStep = <usize>r.ic << 2;
  const cols = (ow - 1) * r.strideW + (kw - 1) * r.dilationW + 1, block = <usize>(r.kh * kw) << 5;
  const step = <usize>r.strideW * pixel, tapCol = <usize>r.dilationW * pixel;
  const tapRow = <usize>(r.dilationH * cols) * pixel;
  const begin = <usize>(tapBegin * kw) << 5, end = <usize>(tapEnd * kw) << 5;
  const sums = own + r.sums;
  let totals = own + r.totals;
  for (let c = 0; c < channels; c += 8) {
    let row = x + <usize>tapBegin * tapRow, to = sums + begin;
    for (let ky = tapBegin; ky < tapEnd; ky++) {
      let from = row;
      for (let left = kw; left > 0; ) {
        const count = channels - c < 8 ? 1 : taps_of(left);
        if (channels - c < 8) correlate_part(dy, dyStep, from, step, ow, channels - c, to);
        else if (count == 5) correlate(5, dy, dyStep, from, step, tapCol, ow, to);
        else if (count == 4) correlate(4, dy, dyStep, from, step, tapCol, ow, to);
        else if (count == 3) correlate(3, dy, dyStep, from, step, tapCol, ow, to);
        else correlate(1, dy, dyStep, from, step, tapCol, ow, to);
        from += <usize>count * tapCol;
        to += <usize>count << 5;
        left -= count;
      }
      row += tapRow;
    }
    for (let at = begin; at < end; at += 16) {
      v128.store(totals + at, f32x4.add(v128.load(totals + at), v128.load(sums + at)));
    }
    totals += block;
    dy += 32;
    x += 32;
  }
}

/** How many of `left` taps to sum together: sums of ten vectors at most stay in registers. */
// @ts-ignore: decorator
@inline
function taps_of(left: i32): i32 {
  return left == 4 || left == 7 ? 4 : left == 6 ? 3 : left >= 5 ? 5 : left >= 3 ? 3 : 1;
}

/** sums[tap][8] = the sum of dy * x over `steps` outputs. */
// @ts-ignore: decorator
@inline
function correlate(taps: i32, dy: usize, dyStep: usize, x: usize, step: usize, tapStep: usize, steps: i32,
  sums: usize): void {
  let s00 = zero_v128(), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00, s40 = s00;
  let s41 = s00;
  for (; steps > 0; steps--) {
    const g0 = v128.load(dy), g1 = v128.load(dy, 16);
    let q = x;
    s00 = fma(g0, v128.load(q), s00); s01 = fma(g1, v128.load(q, 16), s01);
    if (taps > 1) {
      q += tapStep; s10 = fma(g0, v128.load(q), s10); s11 = fma(g1, v128.load(q, 16), s11);
      q += tapStep; s20 = fma(g0, v128.load(q), s20); s21 = fma(g1, v128.load(q, 16), s21);
    }
    if (taps > 3) { q += tapStep; s30 = fma(g0, v128.load(q), s30); s31 = fma(g1, v128.load(q, 16), s31); }
    if (taps > 4) { q += tapStep; s40 = fma(g0, v128.load(q), s40); s41 = fma(g1, v128.load(q, 16), s41); }
    dy += dyStep;
    x += step;
  }
  v128.store(sums, s00); v128.store(sums, s01, 16);
  if (taps > 1) {
    v128.store(sums, s10, 32); v128.store(sums, s11, 48);
    v128.store(sums, s20, 64); v128.store(sums, s21, 80);
  }
  if (taps > 3) { v128.store(sums, s30, 96); v128.store(sums, s31, 112); }
  if (taps > 4) { v128.store(sums, s40, 128); v128.store(sums, s41, 144); }
}

/** The same of one tap and the last `count` (1 to 7) channels. */
function correlate_part(dy: usize, dyStep: usize, x: usize, step: usize, steps: i32, count: i32, sums: usize): void {
  let s0 = zero_v128(), s1 = s0;
  for (; steps > 0; steps--) {
    s0 = fma(at_most_4(dy, count, 0), v128.load(x), s0);
    if (count > 4) s1 = fma(at_most_4(dy + 16, count - 4, 0), v128.load(x, 16), s1);
    dy += dyStep;
    x += step;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
}
