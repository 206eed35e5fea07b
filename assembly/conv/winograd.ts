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
import { fma } from "../simd";

// @ts-ignore: decorator
@inline
const P: f32 = 0.75;
// @ts-ignore: decorator
@inline
const Q: f32 = 1.5;
// @ts-ignore: decorator
@inline
const P2: f32 = P * P;
// @ts-ignore: decorator
@inline
const Q2: f32 = Q * Q;

/** Bytes from one of the 36 planes to the next: see planeBytes in src/core/conv.ts, which it must equal. */
export function plane_bytes(bytes: i32): usize {
  const padded = ((bytes + 63) & ~63) + 64;
  return padded & 64 ? padded : padded + 64;
}

/** to[0..6) = B^T from[0..6), vectors of 4 channels at strides in bytes. */
// @ts-ignore: decorator
@inline
export function input_6(from: usize, stride: usize, to: usize, toStride: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + stride);
  const d2 = v128.load(from + 2 * stride);
  const d3 = v128.load(from + 3 * stride);
  const d4 = v128.load(from + 4 * stride);
  const d5 = v128.load(from + 5 * stride);
  const sum = f32x4.splat(-(P2 + Q2)), product = f32x4.splat(P2 * Q2);
  v128.store(to, fma(d0, product, fma(d2, sum, d4)));
  const even = fma(d2, f32x4.splat(-Q2), d4), odd = f32x4.mul(fma(d1, f32x4.splat(-Q2), d3), f32x4.splat(P));
  v128.store(to + toStride, f32x4.add(even, odd));
  v128.store(to + 2 * toStride, f32x4.sub(even, odd));
  const even2 = fma(d2, f32x4.splat(-P2), d4), odd2 = f32x4.mul(fma(d1, f32x4.splat(-P2), d3), f32x4.splat(Q));
  v128.store(to + 3 * toStride, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStride, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStride, fma(d1, product, fma(d3, sum, d5)));
}

/**
 * B^T d B for `channels` channels of a 6x6 patch: pixel (i, j) at from + i * row + j * pixel, element (i, j) into plane
 * 6 i + j. Channels c..c+3 of a plane stand at to + c * 4, or, with `panels`, at to + (c / 8) * panel + (c % 8) * 4.
 * `temp` holds 36 vectors.
 */
// @ts-ignore: decorator
@inline
function transform_input(from: usize, row: usize, pixel: usize, channels: i32, temp: usize, to: usize, plane: usize,
  panels: bool, panel: usize): void {
  for (let c = 0; c < channels; c += 4) {
    for (let i: usize = 0; i < 6; i++) input_6(from + i * row, pixel, temp + i * 96, 16);
    for (let j: usize = 0; j < 6; j++) input_6(temp + j * 16, 96, to + j * plane, 6 * plane);
    from += 16;
    to += panels && c & 4 ? panel - 16 : 16;
  }
}

export function winograd_input(from: usize, row: usize, pixel: usize, channels: i32, temp: usize, to: usize, plane: usize): void {
  transform_input(from, row, pixel, channels, temp, to, plane, false, 0);
}

export function winograd_input_panels(from: usize, row: usize, pixel: usize, channels: i32, temp: usize, to: usize,
  plane: usize, panel: usize): void {
  transform_input(from, row, pixel, channels, temp, to, plane, true, panel);
}

/** to[0..4) = A^T from[0..6). */
// @ts-ignore: decorator
@inline
export function output_4(from: usize, stride: usize, to: usize, toStride: usize): void {
  const m1 = v128.load(from + stride), m2 = v128.load(from + 2 * stride);
  const m3 = v128.load(from + 3 * stride), m4 = v128.load(from + 4 * stride);
  const s1 = f32x4.add(m1, m2), d1 = f32x4.sub(m1, m2), s2 = f32x4.add(m3, m4), d2 = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), s1), s2));
  v128.store(to + toStride, fma(d2, f32x4.splat(Q), f32x4.mul(d1, f32x4.splat(P))));
  v128.store(to + 2 * toStride, fma(s2, f32x4.splat(Q2), f32x4.mul(s1, f32x4.splat(P2))));
  const last = v128.load(from + 5 * stride);
  v128.store(to + 3 * toStride, f32x4.add(fma(d2, f32x4.splat(Q * Q2), f32x4.mul(d1, f32x4.splat(P * P2))), last));
}

/** to[0..6) = A from[0..4). */
// @ts-ignore: decorator
@inline
function gradient_6(from: usize, stride: usize, to: usize, toStride: usize): void {
  const y0 = v128.load(from), y1 = v128.load(from + stride);
  const y2 = v128.load(from + 2 * stride), y3 = v128.load(from + 3 * stride);
  v128.store(to, y0);
  const even = fma(y2, f32x4.splat(P2), y0), odd = f32x4.mul(fma(y3, f32x4.splat(P2), y1), f32x4.splat(P));
  v128.store(to + toStride, f32x4.add(even, odd));
  v128.store(to + 2 * toStride, f32x4.sub(even, odd));
  const even2 = fma(y2, f32x4.splat(Q2), y0), odd2 = f32x4.mul(fma(y3, f32x4.splat(Q2), y1), f32x4.splat(Q));
  v128.store(to + 3 * toStride, f32x4.add(even2, odd2));
  v128.store(to + 4 * toStride, f32x4.sub(even2, odd2));
  v128.store(to + 5 * toStride, y3);
}

/** A dy A^T for the channels of a 4x4 patch; channels c..c+3 of a plane stand at to + (c / 4) * panel. */
export function winograd_gradient(from: usize, row: usize, pixel: usize, channels: i32, temp: usize, to: usize,
  plane: usize, panel: usize): void {
  for (; channels > 0; channels -= 4) {
    for (let i: usize = 0; i < 4; i++) gradient_6(from + i * row, pixel, temp + i * 96, 16);
    for (let j: usize = 0; j < 6; j++) gradient_6(temp + j * 16, 96, to + j * plane, 6 * plane);
    from += 16;
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
export function weight_3(from: usize, stride: usize, to: usize, toStride: usize): void {
  const u1 = v128.load(from + stride), u2 = v128.load(from + 2 * stride);
  const u3 = v128.load(from + 3 * stride), u4 = v128.load(from + 4 * stride);
  const s1 = f32x4.mul(f32x4.add(u1, u2), f32x4.splat(<f32>NP)), s2 = f32x4.mul(f32x4.add(u3, u4), f32x4.splat(<f32>NQ));
  const d1 = f32x4.sub(u1, u2), d2 = f32x4.sub(u3, u4);
  v128.store(to, fma(v128.load(from), f32x4.splat(<f32>N0), f32x4.add(s1, s2)));
  v128.store(to + toStride, fma(d1, f32x4.splat(<f32>(NP * 0.75)), f32x4.mul(d2, f32x4.splat(<f32>(NQ * 1.5)))));
  const last = v128.load(from + 5 * stride);
  v128.store(to + 2 * toStride, fma(s1, f32x4.splat(P2), fma(s2, f32x4.splat(Q2), last)));
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
