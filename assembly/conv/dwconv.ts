// Depthwise convolution, NHWC: each channel has a filter of its own, so channels lie across the lanes and there is no
// GEMM. Filters are packed [block of 4 channels][kh][kw][4].
//
// A tile is 7 output pixels by 4 channels, its sums in registers: each tap loads one vector of weights and seven of
// inputs, so that the loop is bound by the two loads a cycle and not by the latency of one sum (9 GFLOPS pixel by
// pixel, 48 so). The inputs lie in a slab, a band of rows with its zero padding, so that no tile meets a border.
import { finish_run } from "../elementwise/activation";
import { Activation, DwconvPackRecord, DwconvRecord } from "../generated/records";
import { ceiling_of, clamp, floor_of, is_clamp } from "../gemm/epilogue";
import { at_most_4, range_begin, splits_of, store_part } from "../range";
import { fma, zero_v128 } from "../simd";
import { claim } from "../sync";
import { copy_channels, slab_pixel } from "./dwconv_slab";

/** Pixels of a tile: the widths of most networks are multiples of it, and its sums leave registers for the rest. */
// @ts-ignore: decorator
@inline
const PIXELS: i32 = 7;

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
    const rowBytes = <usize>cols * slab_pixel(channels);
    const image = r.x + (<usize>((n * h + low) * w * ic + first) << 2);
    copy_channels(image, w, ic, -r.padLeft, high - low, cols, channels, slab);
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

  // Rows of three taps read each column once, not three times: 1.2 times as fast. Strides of 2 and rows of five gain
  // 1.02 to 1.1 by the same, and stay out for their size.
  const threes = kw == 3 && r.strideW == 1 && r.dilationW == 1 && !descending;

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
      if (threes) {
        while (v < last) {
          const w0 = v128.load(v), w1 = v128.load(v, 16), w2 = v128.load(v, 32);
          let q = p, a = v128.load(q);
          s0 = fma(a, w0, s0);
          q += pixel; a = v128.load(q); s0 = fma(a, w1, s0); s1 = fma(a, w0, s1);
          q += pixel; a = v128.load(q); s0 = fma(a, w2, s0); s1 = fma(a, w1, s1); s2 = fma(a, w0, s2);
          q += pixel; a = v128.load(q); s1 = fma(a, w2, s1); s2 = fma(a, w1, s2); s3 = fma(a, w0, s3);
          q += pixel; a = v128.load(q); s2 = fma(a, w2, s2); s3 = fma(a, w1, s3); s4 = fma(a, w0, s4);
          q += pixel; a = v128.load(q); s3 = fma(a, w2, s3); s4 = fma(a, w1, s4); s5 = fma(a, w0, s5);
          q += pixel; a = v128.load(q); s4 = fma(a, w2, s4); s5 = fma(a, w1, s5); s6 = fma(a, w0, s6);
          q += pixel; a = v128.load(q); s5 = fma(a, w2, s5); s6 = fma(a, w1, s6);
          q += pixel; a = v128.load(q); s6 = fma(a, w2, s6);
          p += rowBytes;
          v += 48;
        }
      } else while (v < last) {
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
