// Depthwise convolution, NHWC: each channel has a filter of its own, so channels lie across the lanes and there is no
// GEMM. Filters are packed [block of 4 channels][kh][kw][4].
//
// A tile is 7 output pixels by 4 channels (8 in wide builds), its sums in registers: each tap loads one vector of
// weights and seven of inputs, so that the loop is bound by the two loads a cycle and not by the latency of one sum (9
// GFLOPS pixel by pixel, 48 so). The inputs lie in a slab, a band of rows with its zero padding, so that no tile meets
// a border.
import { finish_run } from "../elementwise/activation";
import { Activation, DwconvPackRecord, DwconvRecord } from "../generated/records";
import { ceiling_of, clamp, floor_of, is_clamp } from "../gemm/epilogue";
import { at_most_4, range_begin, splits_of, store_part } from "../range";
import { fma, zero_v128 } from "../simd";
import { claim } from "../sync";
import { put, second } from "../wide";
import { copy_channels, slab_pixel } from "./dwconv_slab";

/** Pixels of a tile: the widths of most networks are multiples of it, and its sums leave registers for the rest. */
// @ts-ignore: decorator
@inline
const PIXELS: i32 = 7;

/** Channels of a tile. */
// @ts-ignore: decorator
@inline
const LANES: i32 = WIDE ? 8 : 4;

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
  const blocks = (ic + LANES - 1) / LANES, bands = (oh + band - 1) / band, jobs = r.batch * bands;
  const splits = splits_of(jobs, blocks, threads);
  let item = 0;
  while ((item = claim(jobs * splits, thread, threads)) >= 0) {
    const split = item % splits, job = item / splits, n = job / bands, begin = job % bands * band;
    const first = blocks * split / splits * LANES;
    const channels = min(ic, blocks * (split + 1) / splits * LANES) - first;
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
 * `from` is the slab under its first pixel at tap row 0, `sums` room for the row and 32 bytes.
 */
function convolve_row(r: DwconvRecord, from: usize, sums: usize, first: i32, channels: i32, tapBegin: i32,
  tapEnd: i32, at: usize): void {
  if (WIDE && !(channels & 7)) convolve(true, r, from, sums, first, channels, tapBegin, tapEnd, at);
  else convolve(false, r, from, sums, first, channels, tapBegin, tapEnd, at);
}

// @ts-ignore: decorator
@inline
function convolve(wide: bool, r: DwconvRecord, from: usize, sums: usize, first: i32, channels: i32, tapBegin: i32,
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

  // V8 joins no vectors out of branches.
  const zeros = sums + (<usize>(ow * channels) << 2);
  if (wide && !bias) put(true, zeros, zero_v128(), zero_v128());

  const yStep = <usize>(direct ? r.yCol : channels) << 2;
  let y = direct ? e.y + at : sums;
  for (let j = 0; j < ow; j += PIXELS) {
    const count = min(PIXELS, ow - j);
    let x = from, panel = weights, to = y;
    for (let c = 0; c < channels; c += wide ? 8 : 4) {
      let s0 = zero_v128(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0;
      let u0 = s0, u1 = s0, u2 = s0, u3 = s0, u4 = s0, u5 = s0, u6 = s0;
      let p = x, v = panel;
      const last = panel + used;
      if (threes) {
        while (v < last) {
          const w0 = v128.load(v), w1 = v128.load(v, 16), w2 = v128.load(v, 32), far = v + block;
          const v0 = wide ? v128.load(far) : w0, v1 = wide ? v128.load(far, 16) : w1;
          const v2 = wide ? v128.load(far, 32) : w2;
          let q = p, a = v128.load(q), b = second(wide, q);
          s0 = fma(a, w0, s0);
          if (wide) u0 = fma(b, v0, u0);
          q += pixel; a = v128.load(q); b = second(wide, q);
          s0 = fma(a, w1, s0); s1 = fma(a, w0, s1);
          if (wide) { u0 = fma(b, v1, u0); u1 = fma(b, v0, u1); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s0 = fma(a, w2, s0); s1 = fma(a, w1, s1); s2 = fma(a, w0, s2);
          if (wide) { u0 = fma(b, v2, u0); u1 = fma(b, v1, u1); u2 = fma(b, v0, u2); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s1 = fma(a, w2, s1); s2 = fma(a, w1, s2); s3 = fma(a, w0, s3);
          if (wide) { u1 = fma(b, v2, u1); u2 = fma(b, v1, u2); u3 = fma(b, v0, u3); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s2 = fma(a, w2, s2); s3 = fma(a, w1, s3); s4 = fma(a, w0, s4);
          if (wide) { u2 = fma(b, v2, u2); u3 = fma(b, v1, u3); u4 = fma(b, v0, u4); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s3 = fma(a, w2, s3); s4 = fma(a, w1, s4); s5 = fma(a, w0, s5);
          if (wide) { u3 = fma(b, v2, u3); u4 = fma(b, v1, u4); u5 = fma(b, v0, u5); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s4 = fma(a, w2, s4); s5 = fma(a, w1, s5); s6 = fma(a, w0, s6);
          if (wide) { u4 = fma(b, v2, u4); u5 = fma(b, v1, u5); u6 = fma(b, v0, u6); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s5 = fma(a, w2, s5); s6 = fma(a, w1, s6);
          if (wide) { u5 = fma(b, v2, u5); u6 = fma(b, v1, u6); }
          q += pixel; a = v128.load(q); b = second(wide, q);
          s6 = fma(a, w2, s6);
          if (wide) u6 = fma(b, v2, u6);
          p += rowBytes;
          v += 48;
        }
      } else while (v < last) {
        const end = v + width;
        while (v < end) {
          const weight = v128.load(v), other = wide ? v128.load(v + block) : weight;
          let q = p;
          s0 = fma(v128.load(q), weight, s0); if (wide) u0 = fma(second(wide, q), other, u0);
          q += step; s1 = fma(v128.load(q), weight, s1); if (wide) u1 = fma(second(wide, q), other, u1);
          q += step; s2 = fma(v128.load(q), weight, s2); if (wide) u2 = fma(second(wide, q), other, u2);
          q += step; s3 = fma(v128.load(q), weight, s3); if (wide) u3 = fma(second(wide, q), other, u3);
          q += step; s4 = fma(v128.load(q), weight, s4); if (wide) u4 = fma(second(wide, q), other, u4);
          q += step; s5 = fma(v128.load(q), weight, s5); if (wide) u5 = fma(second(wide, q), other, u5);
          q += step; s6 = fma(v128.load(q), weight, s6); if (wide) u6 = fma(second(wide, q), other, u6);
          p += tapCol;
          v += 16;
        }
        p += tapRow;
      }
      const biasAt = wide && !bias ? zeros : bias + (<usize>c << 2);
      const b = wide ? v128.load(biasAt) : bias ? at_most_4(biasAt, channels - c, 0) : zero_v128();
      const b1 = second(wide, biasAt);
      s0 = clamp(f32x4.add(s0, b), floor, ceiling); u0 = clamp(f32x4.add(u0, b1), floor, ceiling);
      s1 = clamp(f32x4.add(s1, b), floor, ceiling); u1 = clamp(f32x4.add(u1, b1), floor, ceiling);
      s2 = clamp(f32x4.add(s2, b), floor, ceiling); u2 = clamp(f32x4.add(u2, b1), floor, ceiling);
      s3 = clamp(f32x4.add(s3, b), floor, ceiling); u3 = clamp(f32x4.add(u3, b1), floor, ceiling);
      s4 = clamp(f32x4.add(s4, b), floor, ceiling); u4 = clamp(f32x4.add(u4, b1), floor, ceiling);
      s5 = clamp(f32x4.add(s5, b), floor, ceiling); u5 = clamp(f32x4.add(u5, b1), floor, ceiling);
      s6 = clamp(f32x4.add(s6, b), floor, ceiling); u6 = clamp(f32x4.add(u6, b1), floor, ceiling);
      if (wide || channels - c >= 4) {
        let d = to;
        put(wide, d, s0, u0);
        if (count > 1) { d += yStep; put(wide, d, s1, u1); }
        if (count > 2) { d += yStep; put(wide, d, s2, u2); }
        if (count > 3) { d += yStep; put(wide, d, s3, u3); }
        if (count > 4) { d += yStep; put(wide, d, s4, u4); }
        if (count > 5) { d += yStep; put(wide, d, s5, u5); }
        if (count > 6) { d += yStep; put(wide, d, s6, u6); }
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
      x += wide ? 32 : 16;
      to += wide ? 32 : 16;
      panel += wide ? block << 1 : block;
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
