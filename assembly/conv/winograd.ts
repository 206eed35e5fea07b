// The transforms of Winograd's F(4x4, 3x3): four outputs of a 3-tap filter from six inputs with six products,
//
//   y = A^T [(G g) o (B^T d)],  nested for two dimensions:  Y = A^T [(G g G^T) o (B^T d B)] A
//
// (Lavin & Gray, arXiv:1509.09308), by interpolation at 0, 3/4, -3/4, 3/2, -3/2 and infinity. The customary points
// 0, +-1, +-2 leave an error four times as large; all constants of A and B are exact in binary here.
//
//   B^T = 81/64    0    -45/16    0      1   0       A^T = 1   1      1      1     1    0
//           0   -27/16   -9/4    3/4     1   0             0  3/4   -3/4    3/2  -3/2   0
//           0    27/16   -9/4   -3/4     1   0             0  9/16   9/16   9/4   9/4   0
//           0   -27/32   -9/16   3/2     1   0             0 27/64 -27/64  27/8 -27/8   1
//           0    27/32   -9/16  -3/2     1   0
//           0    81/64     0   -45/16    0   1
//
// G has rows (1, p, p^2) / N(p), N(p) the product of the distances of p to the other points, and (0, 0, 1).
//
// Each transform runs along the rows of a tile, then down its columns; `temp` holds the 36 vectors between. Constants
// come from memory because V8 12 and 13 build a splat anew for every use: the input transform of a tile takes 38 ns
// with loads and 71 ns with splats.
import { Conv2dWinogradF4x3DwRecord, Tiles, Transforms, WinogradConstants } from "../generated/records";
import { fma } from "../simd";
import { copy_slab } from "./slab";
import { put, second, SLOT } from "../wide";

// @ts-ignore: decorator
@inline
const P: f32 = 0.75;
// @ts-ignore: decorator
@inline
const Q: f32 = 1.5;

/** Writes the constants; once in a kernel, before the transforms. */
export function winograd_constants(k: WinogradConstants): void {
  k.p = f32x4.splat(P);
  k.q = f32x4.splat(Q);
  k.p2 = f32x4.splat(P * P);
  k.q2 = f32x4.splat(Q * Q);
  k.p3 = f32x4.splat(P * P * P);
  k.q3 = f32x4.splat(Q * Q * Q);
  k.minusP2 = f32x4.splat(-(P * P));
  k.minusQ2 = f32x4.splat(-(Q * Q));
  k.minusSum = f32x4.splat(-(P * P + Q * Q));
  k.product = f32x4.splat(P * P * Q * Q);
}

/**
 * B^T d B for the 6x6 pixels of x under output tile `tile` (4x4 outputs), element (i, j) into plane 6 i + j. Pixels
 * that cross the border are copied to the patch, with zeros. Channels come in panels of 8: c..c+3 of a plane stand at
 * to + (c / 8) * panel + (c % 8) * 4. The transforms' offsets count from `own`.
 */
export function winograd_input(g: Tiles, x: usize, tile: i32, transforms: Transforms, own: usize, to: usize,
  plane: usize, panel: usize): void {
  if (WIDE && !(g.ic & 7)) input(true, g, x, tile, transforms, own, to, plane, panel);
  else input(false, g, x, tile, transforms, own, to, plane, panel);
}

// @ts-ignore: decorator
@inline
function input(wide: bool, g: Tiles, x: usize, tile: i32, transforms: Transforms, own: usize, to: usize,
  plane: usize, panel: usize): void {
  const h = g.h, w = g.w, channels = g.ic, across = (g.ow + 3) >> 2, down = (g.oh + 3) >> 2;
  const top = tile / across % down * 4 - g.padTop, left = tile % across * 4 - g.padLeft;
  const pixel = <usize>channels << 2, image = x + <usize>(tile / (down * across)) * h * w * pixel;
  let from = image + (<usize>top * w + left) * pixel, row = <usize>w * pixel;
  if (top < 0 || left < 0 || top + 6 > h || left + 6 > w) {
    from = own + transforms.patch;
    copy_slab(image, h, w, channels, top, left, 6, 6, from);
    row = 6 * pixel;
  }
  const k = changetype<WinogradConstants>(own + transforms.constants), temp = own + transforms.temp;
  const kP = k.p, kQ = k.q, minusP2 = k.minusP2, minusQ2 = k.minusQ2, minusSum = k.minusSum, product = k.product;
  const step = 6 * plane;
  for (let c = 0; c < channels; c += wide ? 8 : 4) {
    let line = from - row, t = temp - 6 * SLOT;
    while (t < temp + 30 * SLOT) {
      line += row;
      t += 6 * SLOT;
      let p = line;
      const d0 = v128.load(p), f0 = second(wide, p); p += pixel;
      const d1 = v128.load(p), f1 = second(wide, p); p += pixel;
      const d2 = v128.load(p), f2 = second(wide, p); p += pixel;
      const d3 = v128.load(p), f3 = second(wide, p); p += pixel;
      const d4 = v128.load(p), f4 = second(wide, p); p += pixel;
      const d5 = v128.load(p), f5 = second(wide, p);
      put(wide, t, edge(d0, d2, d4, minusSum, product), edge(f0, f2, f4, minusSum, product));
      const e1 = fma(d2, minusQ2, d4), g1 = fma(f2, minusQ2, f4);
      const o1 = odd(d1, d3, minusQ2, kP), q1 = odd(f1, f3, minusQ2, kP);
      if (wide) v128.store(t, f32x4.add(g1, q1), SLOT + 16);
      v128.store(t, f32x4.add(e1, o1), SLOT);
      if (wide) v128.store(t, f32x4.sub(g1, q1), 2 * SLOT + 16);
      v128.store(t, f32x4.sub(e1, o1), 2 * SLOT);
      const e2 = fma(d2, minusP2, d4), g2 = fma(f2, minusP2, f4);
      const o2 = odd(d1, d3, minusP2, kQ), q2 = odd(f1, f3, minusP2, kQ);
      if (wide) v128.store(t, f32x4.add(g2, q2), 3 * SLOT + 16);
      v128.store(t, f32x4.add(e2, o2), 3 * SLOT);
      if (wide) v128.store(t, f32x4.sub(g2, q2), 4 * SLOT + 16);
      v128.store(t, f32x4.sub(e2, o2), 4 * SLOT);
      if (wide) v128.store(t, edge(f1, f3, f5, minusSum, product), 5 * SLOT + 16);
      v128.store(t, edge(d1, d3, d5, minusSum, product), 5 * SLOT);
    }
    let out = to - plane;
    t = temp - SLOT;
    while (t < temp + 5 * SLOT) {
      out += plane;
      t += SLOT;
      const d0 = v128.load(t), d1 = v128.load(t, 6 * SLOT), d2 = v128.load(t, 12 * SLOT);
      const f0 = second(wide, t), f1 = wide ? v128.load(t, 6 * SLOT + 16) : d1;
      const f2 = wide ? v128.load(t, 12 * SLOT + 16) : d2;
      const d3 = v128.load(t, 18 * SLOT), d4 = v128.load(t, 24 * SLOT), d5 = v128.load(t, 30 * SLOT);
      const f3 = wide ? v128.load(t, 18 * SLOT + 16) : d3, f4 = wide ? v128.load(t, 24 * SLOT + 16) : d4;
      const f5 = wide ? v128.load(t, 30 * SLOT + 16) : d5;
      let p = out;
      put(wide, p, edge(d0, d2, d4, minusSum, product), edge(f0, f2, f4, minusSum, product)); p += step;
      const e1 = fma(d2, minusQ2, d4), g1 = fma(f2, minusQ2, f4);
      const o1 = odd(d1, d3, minusQ2, kP), q1 = odd(f1, f3, minusQ2, kP);
      put(wide, p, f32x4.add(e1, o1), f32x4.add(g1, q1)); p += step;
      put(wide, p, f32x4.sub(e1, o1), f32x4.sub(g1, q1)); p += step;
      const e2 = fma(d2, minusP2, d4), g2 = fma(f2, minusP2, f4);
      const o2 = odd(d1, d3, minusP2, kQ), q2 = odd(f1, f3, minusP2, kQ);
      put(wide, p, f32x4.add(e2, o2), f32x4.add(g2, q2)); p += step;
      put(wide, p, f32x4.sub(e2, o2), f32x4.sub(g2, q2)); p += step;
      put(wide, p, edge(d1, d3, d5, minusSum, product), edge(f1, f3, f5, minusSum, product));
    }
    from += wide ? 32 : 16;
    to += wide ? panel : c & 4 ? panel - 16 : 16;
  }
}

/** An element of B^T d at one of the points 0 and infinity. */
// @ts-ignore: decorator
@inline
function edge(d0: v128, d2: v128, d4: v128, minusSum: v128, product: v128): v128 {
  return fma(d0, product, fma(d2, minusSum, d4));
}

/** What the elements at p and -p do not share. */
// @ts-ignore: decorator
@inline
function odd(d1: v128, d3: v128, minus: v128, p: v128): v128 {
  return f32x4.mul(fma(d1, minus, d3), p);
}

/** Whether a weight gradient has dy in panels of 8 channels: in wide builds, which take two panels of x at a time. */
// @ts-ignore: decorator
@inline
export function gradient_in_eights(r: Conv2dWinogradF4x3DwRecord): bool {
  return WIDE && !(r.oc & 7) && !((r.ic + 7) & 8);
}

/**
 * A dy A^T for the 4x4 pixels of dy in tile `tile`; those that cross the border are copied to `patch`. Channels come in
 * panels of 4 or 8: the first of a plane stand at to, the next ones at to + panel.
 */
export function winograd_gradient(r: Conv2dWinogradF4x3DwRecord, tile: i32, own: usize, to: usize, plane: usize,
  panel: usize): void {
  if (gradient_in_eights(r)) gradient(true, r, tile, own, to, plane, panel);
  else gradient(false, r, tile, own, to, plane, panel);
}

// @ts-ignore: decorator
@inline
function gradient(wide: bool, r: Conv2dWinogradF4x3DwRecord, tile: i32, own: usize, to: usize, plane: usize,
  panel: usize): void {
  const oh = r.oh, ow = r.ow, across = (ow + 3) >> 2, down = (oh + 3) >> 2;
  const i = tile / across % down * 4, j = tile % across * 4;
  let channels = r.oc;
  const pixel = <usize>channels << 2, image = r.dy + <usize>(tile / (down * across)) * oh * ow * pixel;
  let from = image + (<usize>i * ow + j) * pixel, row = <usize>ow * pixel;
  if (i + 4 > oh || j + 4 > ow) {
    from = own + r.dyPatch;
    copy_slab(image, oh, ow, channels, i, j, 4, 4, from);
    row = 4 * pixel;
  }
  const k = changetype<WinogradConstants>(own + r.constants), temp = own + r.temp;
  const kP = k.p, kQ = k.q, p2 = k.p2, q2 = k.q2;
  const step = 6 * plane;
  for (; channels > 0; channels -= wide ? 8 : 4) {
    let line = from - row, t = temp - 6 * SLOT;
    while (t < temp + 18 * SLOT) {
      line += row;
      t += 6 * SLOT;
      let p = line;
      const y0 = v128.load(p), z0 = second(wide, p); p += pixel;
      const y1 = v128.load(p), z1 = second(wide, p); p += pixel;
      const y2 = v128.load(p), z2 = second(wide, p); p += pixel;
      const y3 = v128.load(p), z3 = second(wide, p);
      put(wide, t, y0, z0);
      const e1 = fma(y2, p2, y0), g1 = fma(z2, p2, z0), o1 = odd(y3, y1, p2, kP), h1 = odd(z3, z1, p2, kP);
      if (wide) v128.store(t, f32x4.add(g1, h1), SLOT + 16);
      v128.store(t, f32x4.add(e1, o1), SLOT);
      if (wide) v128.store(t, f32x4.sub(g1, h1), 2 * SLOT + 16);
      v128.store(t, f32x4.sub(e1, o1), 2 * SLOT);
      const e2 = fma(y2, q2, y0), g2 = fma(z2, q2, z0), o2 = odd(y3, y1, q2, kQ), h2 = odd(z3, z1, q2, kQ);
      if (wide) v128.store(t, f32x4.add(g2, h2), 3 * SLOT + 16);
      v128.store(t, f32x4.add(e2, o2), 3 * SLOT);
      if (wide) v128.store(t, f32x4.sub(g2, h2), 4 * SLOT + 16);
      v128.store(t, f32x4.sub(e2, o2), 4 * SLOT);
      if (wide) v128.store(t, z3, 5 * SLOT + 16);
      v128.store(t, y3, 5 * SLOT);
    }
    let out = to - plane;
    t = temp - SLOT;
    while (t < temp + 5 * SLOT) {
      out += plane;
      t += SLOT;
      const y0 = v128.load(t), y1 = v128.load(t, 6 * SLOT), y2 = v128.load(t, 12 * SLOT), y3 = v128.load(t, 18 * SLOT);
      const z0 = second(wide, t), z1 = wide ? v128.load(t, 6 * SLOT + 16) : y1;
      const z2 = wide ? v128.load(t, 12 * SLOT + 16) : y2, z3 = wide ? v128.load(t, 18 * SLOT + 16) : y3;
      let p = out;
      put(wide, p, y0, z0); p += step;
      const e1 = fma(y2, p2, y0), g1 = fma(z2, p2, z0), o1 = odd(y3, y1, p2, kP), h1 = odd(z3, z1, p2, kP);
      put(wide, p, f32x4.add(e1, o1), f32x4.add(g1, h1)); p += step;
      put(wide, p, f32x4.sub(e1, o1), f32x4.sub(g1, h1)); p += step;
      const e2 = fma(y2, q2, y0), g2 = fma(z2, q2, z0), o2 = odd(y3, y1, q2, kQ), h2 = odd(z3, z1, q2, kQ);
      put(wide, p, f32x4.add(e2, o2), f32x4.add(g2, h2)); p += step;
      put(wide, p, f32x4.sub(e2, o2), f32x4.sub(g2, h2)); p += step;
      put(wide, p, y3, z3);
    }
    from += wide ? 32 : 16;
    to += panel;
  }
}

// 1 / N(p) at 0, +-3/4, +-3/2.
// @ts-ignore: decorator
@inline
const N0: f64 = 1 / (0.5625 * 2.25);
// @ts-ignore: decorator
@inline
const NP: f64 = 1 / (2 * 0.5625 * (0.5625 - 2.25));
// @ts-ignore: decorator
@inline
const NQ: f64 = 1 / (2 * 2.25 * (2.25 - 0.5625));

/** to[0..3) = G^T from[0..6): the last step of a weight gradient. */
// @ts-ignore: decorator
@inline
export function weight_3(wide: bool, from: usize, stride: usize, to: usize, toStride: usize): void {
  const from1 = from + stride, from2 = from + 2 * stride, from3 = from + 3 * stride, from4 = from + 4 * stride;
  const u1 = v128.load(from1), w1 = second(wide, from1), u2 = v128.load(from2), w2 = second(wide, from2);
  const u3 = v128.load(from3), w3 = second(wide, from3), u4 = v128.load(from4), w4 = second(wide, from4);
  const kP = f32x4.splat(<f32>NP), kQ = f32x4.splat(<f32>NQ), k0 = f32x4.splat(<f32>N0);
  const s1 = f32x4.mul(f32x4.add(u1, u2), kP), t1 = f32x4.mul(f32x4.add(w1, w2), kP);
  const s2 = f32x4.mul(f32x4.add(u3, u4), kQ), t2 = f32x4.mul(f32x4.add(w3, w4), kQ);
  const d1 = f32x4.sub(u1, u2), d2 = f32x4.sub(u3, u4), e1 = f32x4.sub(w1, w2), e2 = f32x4.sub(w3, w4);
  put(wide, to, fma(v128.load(from), k0, f32x4.add(s1, s2)), fma(second(wide, from), k0, f32x4.add(t1, t2)));
  const odd1 = f32x4.splat(<f32>(NP * 0.75)), odd2 = f32x4.splat(<f32>(NQ * 1.5));
  put(wide, to + toStride, fma(d1, odd1, f32x4.mul(d2, odd2)), fma(e1, odd1, f32x4.mul(e2, odd2)));
  const from5 = from + 5 * stride, last = v128.load(from5), end = second(wide, from5);
  const p2 = f32x4.splat(P * P), q2 = f32x4.splat(Q * Q);
  put(wide, to + 2 * toStride, fma(s1, p2, fma(s2, q2, last)), fma(t1, p2, fma(t2, q2, end)));
}

/** to[0..6) = G from[0..3), two channels in float64: a filter is rounded once, at the end. */
// @ts-ignore: decorator
@inline
export function filter_6(g0: v128, g1: v128, g2: v128, to: usize, toStride: usize): void {
  v128.store(to, f64x2.mul(g0, f64x2.splat(N0)));
  const even = f64x2.mul(f64x2.add(g0, f64x2.mul(g2, f64x2.splat(0.5625))), f64x2.splat(NP));
  const odd = f64x2.mul(g1, f64x2.splat(NP * 0.75));
  v128.store(to + toStride, f64x2.add(even, odd));
  v128.store(to + 2 * toStride, f64x2.sub(even, odd));
  const even2 = f64x2.mul(f64x2.add(g0, f64x2.mul(g2, f64x2.splat(2.25))), f64x2.splat(NQ));
  const odd2 = f64x2.mul(g1, f64x2.splat(NQ * 1.5));
  v128.store(to + 3 * toStride, f64x2.add(even2, odd2));
  v128.store(to + 4 * toStride, f64x2.sub(even2, odd2));
  v128.store(to + 5 * toStride, g2);
}
