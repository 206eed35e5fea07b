// Max pooling, NHWC. The padding counts as -infinity and a NaN in a window is its maximum, as in PyTorch.
import { MaxPoolDxRecord, MaxPoolRecord } from "../generated/records";
import { at_most_4, store_part } from "../range";
import { end_tap, first_tap } from "./window";

export function f32_max_pool(r: MaxPoolRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, batch = r.batch, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padTop = r.padTop, padLeft = r.padLeft;
  const pixel = <usize>c << 2;
  const rowStep = <usize>(dilationH * w) * pixel, colStep = <usize>dilationW * pixel;
  const rows = batch * oh;
  let to = y + <usize>(rows * part / parts * ow) * pixel;
  for (let row = rows * part / parts, last = rows * (part + 1) / parts; row < last; row++) {
    const top = row % oh * strideH - padTop;
    const ky = first_tap(top, dilationH), tall = end_tap(top, dilationH, kh, h) - ky;
    const line = x + <usize>((row / oh * h + top + ky * dilationH) * w) * pixel;
    for (let j = 0; j < ow; j++) {
      const left = j * strideW - padLeft;
      const kx = first_tap(left, dilationW), wide = end_tap(left, dilationW, kw, w) - kx;
      let from = line + <usize>(left + kx * dilationW) * pixel;
      let k = c;
      for (; k >= 4; k -= 4) {
        v128.store(to, window_max(from, tall, wide, rowStep, colStep, 4));
        from += 16;
        to += 16;
      }
      if (k > 0) {
        store_part(to, window_max(from, tall, wide, rowStep, colStep, k), k);
        to += <usize>k << 2;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function window_max(from: usize, tall: i32, wide: i32, rowStep: usize, colStep: usize, count: i32): v128 {
  let greatest = f32x4.splat(-Infinity), nan = f32x4.splat(0);
  for (; tall > 0; tall--) {
    let p = from;
    for (let i = wide; i > 0; i--) {
      const v = at_most_4(p, count, 0);
      greatest = f32x4.pmax(greatest, v); // skips NaN
      nan = v128.or(nan, f32x4.ne(v, v));
      p += colStep;
    }
    from += rowStep;
  }
  return v128.or(greatest, nan); // all bits set is a NaN
}

/**
 * dx: each dy goes to the first element of its window that equals the maximum, or to the last NaN (PyTorch's choices).
 * The position is found again from x and y instead of being stored. Windows overlap, so a thread takes whole images, or
 * ranges of channels of all images; the order of additions to an element is that of the windows in any case.
 */
export function f32_max_pool_dx(r: MaxPoolDxRecord, part: i32, parts: i32): void {
  const dx = r.dx, batch = r.batch, h = r.h, w = r.w, c = r.c, oh = r.oh, ow = r.ow, kh = r.kh, kw = r.kw;
  const strideH = r.strideH, strideW = r.strideW, dilationH = r.dilationH, dilationW = r.dilationW;
  const padTop = r.padTop, padLeft = r.padLeft;
  const pixel = <usize>c << 2;
  const rowStep = <usize>(dilationH * w) * pixel, colStep = <usize>dilationW * pixel;
  const groups = (c + 3) >> 2;
  const splits = batch % parts == 0 ? 1 : min(parts, (groups + 3) >> 2);
  for (let item = batch * splits * part / parts, last = batch * splits * (part + 1) / parts; item < last; item++) {
    const n = item / splits, split = item % splits;
    const begin = groups * split / splits << 2, end = min(groups * (split + 1) / splits << 2, c);
    const image = <usize>(n * h * w) * pixel;
    if (splits == 1) memory.fill(dx + image, 0, <usize>(h * w) * pixel);
    else {
      const first = dx + image + (<usize>begin << 2);
      for (let i = 0; i < h * w; i++) memory.fill(first + <usize>i * pixel, 0, <usize>(end - begin) << 2);
    }
    for (let i = 0; i < oh; i++) {
      const top = i * strideH - padTop;
      const ky = first_tap(top, dilationH), tall = end_tap(top, dilationH, kh, h) - ky;
      for (let j = 0; j < ow; j++) {
        const left = j * strideW - padLeft;
        const kx = first_tap(left, dilationW), wide = end_tap(left, dilationW, kw, w) - kx;
        const from = image + <usize>((top + ky * dilationH) * w + left + kx * dilationW) * pixel;
        const out = <usize>((n * oh + i) * ow + j) * pixel;
        for (let k: usize = <usize>begin << 2; k < <usize>end << 2; k += 16) {
          const count = end - <i32>(k >> 2);
          if (count >= 4) scatter(r, from + k, out + k, tall, wide, rowStep, colStep, 4);
          else scatter(r, from + k, out + k, tall, wide, rowStep, colStep, count);
        }
      }
    }
  }
}

/** Adds `count` of dy and y, `out` bytes into them, to the window `from` bytes into x and dx. */
// @ts-ignore: decorator
@inline
function scatter(r: MaxPoolDxRecord, from: usize, out: usize, tall: i32, wide: i32, rowStep: usize, colStep: usize,
  count: i32): void {
  const greatest = at_most_4(r.y + out, count, 0), gradient = at_most_4(r.dy + out, count, 0);
  if (v128.any_true(f32x4.ne(greatest, greatest))) {
    scatter_nan(r, from, out, tall, wide, rowStep, colStep, count);
    return;
  }
  let x = r.x + from, dx = r.dx + from;
  let open = f32x4.eq(greatest, greatest); // lanes whose maximum has not been met yet
  for (; tall > 0; tall--) {
    let p = x, to = dx;
    for (let i = wide; i > 0; i--) {
      const hit = v128.and(open, f32x4.eq(at_most_4(p, count, 0), greatest));
      const sum = f32x4.add(at_most_4(to, count, 0), v128.and(gradient, hit)); // no branch: it would be a coin toss
      open = v128.andnot(open, hit);
      if (count < 4) store_part(to, sum, count);
      else v128.store(to, sum);
      p += colStep;
      to += colStep;
    }
    x += rowStep;
    dx += rowStep;
  }
}

/** The same lane by lane, for windows with a NaN. */
function scatter_nan(r: MaxPoolDxRecord, from: usize, out: usize, tall: i32, wide: i32, rowStep: usize, colStep: usize,
  count: i32): void {
  for (let lane = 0; lane < count; lane++) {
    const y = load<f32>(r.y + out), dy = load<f32>(r.dy + out), x = r.x + from;
    let at: usize = 0;
    for (let i = 0; i < tall; i++) {
      for (let j = 0; j < wide; j++) {
        const p = <usize>i * rowStep + <usize>j * colStep;
        const v = load<f32>(x + p);
        if (y == y ? v == y && !at : v != v) at = r.dx + from + p;
      }
    }
    if (at) store<f32>(at, load<f32>(at) + dy);
    from += 4;
    out += 4;
  }
}
