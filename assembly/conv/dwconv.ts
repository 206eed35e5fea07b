// Depthwise convolution, NHWC: each channel has a filter of its own, so channels lie across the lanes and there is no
// GEMM.
import { DwconvDwRecord, DwconvDxRecord, DwconvRecord, Epilogue } from "../generated/records";
import { epilogue_store } from "../gemm/epilogue";
import { at_most_4 } from "../range";
import { fma } from "../simd";
import { claim } from "../sync";

/** packed[tap][c] = filter[c][tap]. */
function transpose_filter(filter: usize, channels: i32, taps: i32, packed: usize): void {
  for (let t = 0; t < taps; t++) {
    for (let c = 0; c < channels; c++) {
      store<f32>(packed, load<f32>(filter + (<usize>(c * taps + t) << 2)));
      packed += 4;
    }
  }
}

/**
 * Scratch of a thread: the filter as [tap][c], then for the taps that touch a pixel their byte offsets in x and filter.
 */
export function f32_dwconv(r: DwconvRecord, thread: i32, threads: i32): void {
  const h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const pixel = <usize>ic << 2;
  const own = r.scratch + <usize>thread * r.scratchStride, packed = own + r.packed, list = own + r.list;
  transpose_filter(r.filter, ic, kh * kw, packed);
  const rows = r.batch * oh;
  let row = 0;
  while ((row = claim(rows, thread, threads)) >= 0) {
    const image = r.x + <usize>(row / oh * h * w) * pixel;
    const top = row % oh * r.strideH - r.padTop;
    for (let j = 0; j < ow; j++) {
      const left = j * r.strideW - r.padLeft;
      let end = list;
      for (let ky = 0, iy = top; ky < kh; ky++, iy += r.dilationH) {
        if (iy < 0 || iy >= h) continue;
        for (let kx = 0, ix = left; kx < kw; kx++, ix += r.dilationW) {
          if (ix < 0 || ix >= w) continue;
          end = push_tap(end, <usize>(iy * w + ix) * pixel, <usize>(ky * kw + kx) * pixel);
        }
      }
      convolve_pixel(image, packed, list, end, ic, <usize>(row * ow + j) * pixel, r.epilogue);
    }
  }
}

/** dx[i] = the sum over taps k and outputs o with o * stride - pad + k * dilation = i of dy[o] * filter[k]. */
export function f32_dwconv_dx(r: DwconvDxRecord, thread: i32, threads: i32): void {
  const h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW;
  const pixel = <usize>ic << 2;
  const own = r.scratch + <usize>thread * r.scratchStride, packed = own + r.packed, list = own + r.list;
  transpose_filter(r.filter, ic, kh * kw, packed);
  const rows = r.batch * h;
  let row = 0;
  while ((row = claim(rows, thread, threads)) >= 0) {
    const image = r.dy + <usize>(row / h * oh * ow) * pixel;
    for (let j = 0; j < w; j++) {
      let end = list;
      for (let ky = 0, ty = row % h + r.padTop; ky < kh && ty >= 0; ky++, ty -= r.dilationH) {
        const oy = ty / strideH;
        if (oy >= oh || oy * strideH != ty) continue;
        for (let kx = 0, tx = j + r.padLeft; kx < kw && tx >= 0; kx++, tx -= r.dilationW) {
          const ox = tx / strideW;
          if (ox >= ow || ox * strideW != tx) continue;
          end = push_tap(end, <usize>(oy * ow + ox) * pixel, <usize>(ky * kw + kx) * pixel);
        }
      }
      convolve_pixel(image, packed, list, end, ic, <usize>(row * w + j) * pixel, r.epilogue);
    }
  }
}

// @ts-ignore: decorator
@inline
function push_tap(end: usize, from: usize, weight: usize): usize {
  store<u32>(end, <u32>from);
  store<u32>(end, <u32>weight, 4);
  return end + 8;
}

/** y[0..channels) at byte `offset` = the sum over the listed taps of x * filter, and what follows. */
function convolve_pixel(x: usize, packed: usize, list: usize, end: usize, channels: i32, offset: usize,
  e: Epilogue): void {
  let c: usize = 0;
  for (; channels >= 8; channels -= 8) {
    let s0 = f32x4.splat(0), s1 = s0;
    for (let tap = list; tap < end; tap += 8) {
      const a = x + load<u32>(tap) + c, b = packed + load<u32>(tap, 4) + c;
      s0 = fma(v128.load(a), v128.load(b), s0);
      s1 = fma(v128.load(a, 16), v128.load(b, 16), s1);
    }
    epilogue_store(s0, offset + c, c, 4, e);
    epilogue_store(s1, offset + c + 16, c + 16, 4, e);
    c += 32;
  }
  for (; channels > 0; channels -= 4) {
    const count = min(channels, 4);
    let sum = f32x4.splat(0);
    for (let tap = list; tap < end; tap += 8) {
      const a = at_most_4(x + load<u32>(tap) + c, count, 0), b = at_most_4(packed + load<u32>(tap, 4) + c, count, 0);
      sum = fma(a, b, sum);
    }
    epilogue_store(sum, offset + c, c, count, e);
    c += 16;
  }
}

/**
 * dw[c][tap] = the sum over pixels of dy * x. An item is one tap of 16 channels, summed over all images by one thread:
 * first along a row, then over rows.
 */
export function f32_dwconv_dw(r: DwconvDwRecord, part: i32, parts: i32): void {
  const dy = r.dy, x = r.x, dw = r.dw, batch = r.batch, h = r.h, w = r.w, ic = r.ic, oh = r.oh, ow = r.ow;
  const kh = r.kh, kw = r.kw, strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH;
  const dilationW = r.dilationW, padTop = r.padTop, padLeft = r.padLeft;

  const pixel = <usize>ic << 2;
  const taps = kh * kw, blocks = (ic + 15) >> 4;
  for (let item = taps * blocks * part / parts, last = taps * blocks * (part + 1) / parts; item < last; item++) {
    const tap = item / blocks, channel = item % blocks << 4, count = min(ic - channel, 16);
    const dyPart = dy + (<usize>channel << 2), xPart = x + (<usize>channel << 2);
    const to = dw + (<usize>(channel * taps + tap) << 2);
    const shiftH = tap / kw * dilationH - padTop, shiftW = tap % kw * dilationW - padLeft;
    // Outputs whose input lies inside of the image: 0 <= o * stride + shift < size.
    const top = shiftH < 0 ? (strideH - 1 - shiftH) / strideH : 0;
    const bottom = shiftH >= h ? 0 : min(oh, (h - 1 - shiftH) / strideH + 1);
    const left = shiftW < 0 ? (strideW - 1 - shiftW) / strideW : 0;
    const right = shiftW >= w ? 0 : min(ow, (w - 1 - shiftW) / strideW + 1);
    const xStep = <usize>strideW * pixel;
    if (count == 16) {
      let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
      for (let n = 0; n < batch; n++) {
        for (let i = top; i < bottom; i++) {
          let a = dyPart + <usize>((n * oh + i) * ow + left) * pixel;
          let b = xPart + <usize>((n * h + i * strideH + shiftH) * w + left * strideW + shiftW) * pixel;
          let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
          for (let j = left; j < right; j++) {
            s0 = fma(v128.load(a), v128.load(b), s0);
            s1 = fma(v128.load(a, 16), v128.load(b, 16), s1);
            s2 = fma(v128.load(a, 32), v128.load(b, 32), s2);
            s3 = fma(v128.load(a, 48), v128.load(b, 48), s3);
            a += pixel;
            b += xStep;
          }
          t0 = f32x4.add(t0, s0);
          t1 = f32x4.add(t1, s1);
          t2 = f32x4.add(t2, s2);
          t3 = f32x4.add(t3, s3);
        }
      }
      store_lanes(to, t0, taps, 4);
      store_lanes(to + (<usize>taps << 4), t1, taps, 4);
      store_lanes(to + (<usize>taps << 5), t2, taps, 4);
      store_lanes(to + 48 * <usize>taps, t3, taps, 4);
      continue;
    }
    for (let c = 0; c < count; c += 4) {
      const lanes = min(count - c, 4);
      let total = f32x4.splat(0);
      for (let n = 0; n < batch; n++) {
        for (let i = top; i < bottom; i++) {
          let a = dyPart + <usize>((n * oh + i) * ow + left) * pixel + (<usize>c << 2);
          const first = (n * h + i * strideH + shiftH) * w + left * strideW + shiftW;
          let b = xPart + <usize>first * pixel + (<usize>c << 2);
          let sum = f32x4.splat(0);
          for (let j = left; j < right; j++) {
            sum = fma(at_most_4(a, lanes, 0), at_most_4(b, lanes, 0), sum);
            a += pixel;
            b += xStep;
          }
          total = f32x4.add(total, sum);
        }
      }
      store_lanes(to + (<usize>(c * taps) << 2), total, taps, lanes);
    }
  }
}

/** Lane i of the first `count` to to + i * taps numbers. */
function store_lanes(to: usize, v: v128, taps: i32, count: i32): void {
  const step = <usize>taps << 2;
  v128.store32_lane(to, v, 0);
  if (count > 1) v128.store32_lane(to + step, v, 1);
  if (count > 2) v128.store32_lane(to + 2 * step, v, 2);
  if (count > 3) v128.store32_lane(to + 3 * step, v, 3);
}
