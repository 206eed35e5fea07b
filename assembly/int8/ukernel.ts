// Micro-kernels of 4 or 6 rows by 8 columns on integers: sums of s8 weights times u7 inputs (0 to 127), exact in 32
// bits.
//
// Steps are quads, 4 inputs of a row at a time. A packed tile of inputs has for each quad its rows side by side, a
// panel of weights its 8 columns: [quad][row][4] and [quad][column][4]. The plain build widens inputs to 16 bits when
// it packs them, and has pairs in both: [pair][row][2] of i16, [pair][column][2] of s8. Without VNNI the limit is two
// integer products a cycle.
//
// Sums are stored, [row][8], or, with `f`, become bytes at f.y in their registers, whole rows f.step apart.
import { zero_v128 } from "../simd";
import { Following, two_rows } from "./epilogue";

/** Bytes of a packed quad of inputs of a row. */
export const ROW_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 4 : 8;

// @ts-ignore: decorator
@inline
function store_row(c: usize, half: usize, c0: v128, c1: v128): void {
  v128.store(c, c0);
  v128.store(c + half, c1);
}

/** Two rows to bytes; f goes on to the next two. */
// @ts-ignore: decorator
@inline
function finish(f: Following, c00: v128, c01: v128, c10: v128, c11: v128): void {
  const y = f.y, r = f.residual, step = f.step;
  two_rows(c00, c01, c10, c11, y, r, step, f);
  f.y = y + (step << 1);
  if (r) f.residual = r + (step << 1);
}

/**
 * Bytes of half a row, 16, where no compiler sees it: under its flag for wide vectors V8 joins halves whose stores are
 * neighbours, and ends the process over relaxed dots, which it cannot join (Node 24 and 26).
 */
// @ts-ignore: decorator
@inline
function hidden_half(ones: v128): usize {
  return <usize>i16x8.extract_lane_u(ones, 0) << 4;
}

/** Sums of two products of 8 bits each, in 16 bits: s8 times u7 stays within them. */
// @ts-ignore: decorator
@inline
function dot(w: v128, x: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(w, x);
  return unreachable();
}

/** c + the sums of four products of 8 bits each. */
// @ts-ignore: decorator
@inline
function dot_add(w: v128, x: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, c);
  return unreachable();
}

/** c[row][0..8) = the sums over `quads` (an even number) of a tile, for `tiles` tiles. */
export function s8_ukernel_4x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, f: usize, ones: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) dots(tiles, a, panel, quads, c, f, ones);
  else pairs(tiles, a, panel, quads, c, f);
}

/** By one instruction for 4 products where the processor has it (VNNI); slower where V8 has to make it of others. */
export function s8_ukernel_vnni_6x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, f: usize): void {
  a -= 24;
  panel -= 32;
  const end = panel + (<usize>quads << 5);
  for (; tiles > 0; tiles--) {
    let c00 = zero_v128(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
    let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
    let b = panel;
    while (b < end) {
      a += 24;
      b += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load32_splat(a); c00 = dot_add(b0, s, c00);
      c01 = dot_add(b1, s, c01);
      s = v128.load32_splat(a, 4); c10 = dot_add(b0, s, c10);
      c11 = dot_add(b1, s, c11);
      s = v128.load32_splat(a, 8); c20 = dot_add(b0, s, c20);
      c21 = dot_add(b1, s, c21);
      s = v128.load32_splat(a, 12); c30 = dot_add(b0, s, c30);
      c31 = dot_add(b1, s, c31);
      s = v128.load32_splat(a, 16); c40 = dot_add(b0, s, c40);
      c41 = dot_add(b1, s, c41);
      s = v128.load32_splat(a, 20); c50 = dot_add(b0, s, c50);
      c51 = dot_add(b1, s, c51);
    }
    if (f) {
      const following = changetype<Following>(f);
      finish(following, c00, c01, c10, c11);
      finish(following, c20, c21, c30, c31);
      finish(following, c40, c41, c50, c51);
      continue;
    }
    store_row(c, 16, c00, c01);
    store_row(c + 32, 16, c10, c11);
    store_row(c + 64, 16, c20, c21);
    store_row(c + 96, 16, c30, c31);
    store_row(c + 128, 16, c40, c41);
    store_row(c + 160, 16, c50, c51);
    c += 192;
  }
}

/**
 * Two quads at a time, added in 16 bits before they are widened: a sixth faster than `s8_ukernel_4x8`, the same sums
 * where the weights of such four products allow it (`narrow` of the packed weights).
 */
export function s8_ukernel_narrow_4x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, f: usize,
  ones: v128): void {
  a -= 32;
  panel -= 64;
  const end = panel + (<usize>quads << 5), half = hidden_half(ones);
  for (; tiles > 0; tiles--) {
    let c00 = zero_v128(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    while (b < end) {
      a += 32;
      b += 64;
      const b0 = v128.load(b), b1 = v128.load(b, 16), d0 = v128.load(b, 32), d1 = v128.load(b, 48);
      let s = v128.load32_splat(a), t = v128.load32_splat(a, 16);
      c00 = i32x4.add(c00, i32x4.dot_i16x8_s(i16x8.add(dot(b0, s), dot(d0, t)), ones));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(i16x8.add(dot(b1, s), dot(d1, t)), ones));
      s = v128.load32_splat(a, 4); t = v128.load32_splat(a, 20);
      c10 = i32x4.add(c10, i32x4.dot_i16x8_s(i16x8.add(dot(b0, s), dot(d0, t)), ones));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(i16x8.add(dot(b1, s), dot(d1, t)), ones));
      s = v128.load32_splat(a, 8); t = v128.load32_splat(a, 24);
      c20 = i32x4.add(c20, i32x4.dot_i16x8_s(i16x8.add(dot(b0, s), dot(d0, t)), ones));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(i16x8.add(dot(b1, s), dot(d1, t)), ones));
      s = v128.load32_splat(a, 12); t = v128.load32_splat(a, 28);
      c30 = i32x4.add(c30, i32x4.dot_i16x8_s(i16x8.add(dot(b0, s), dot(d0, t)), ones));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(i16x8.add(dot(b1, s), dot(d1, t)), ones));
    }
    if (f) {
      const following = changetype<Following>(f);
      finish(following, c00, c01, c10, c11);
      finish(following, c20, c21, c30, c31);
      continue;
    }
    store_row(c, half, c00, c01);
    store_row(c + 32, half, c10, c11);
    store_row(c + 64, half, c20, c21);
    store_row(c + 96, half, c30, c31);
    c += 128;
  }
}

// @ts-ignore: decorator
@inline
function dots(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, f: usize, ones: v128): void {
  a -= 16;
  panel -= 32;
  const end = panel + (<usize>quads << 5), half = hidden_half(ones);
  for (; tiles > 0; tiles--) {
    let c00 = zero_v128(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    while (b < end) {
      a += 16;
      b += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load32_splat(a); c00 = i32x4.add(c00, i32x4.dot_i16x8_s(dot(b0, s), ones));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(dot(b1, s), ones));
      s = v128.load32_splat(a, 4); c10 = i32x4.add(c10, i32x4.dot_i16x8_s(dot(b0, s), ones));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(dot(b1, s), ones));
      s = v128.load32_splat(a, 8); c20 = i32x4.add(c20, i32x4.dot_i16x8_s(dot(b0, s), ones));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(dot(b1, s), ones));
      s = v128.load32_splat(a, 12); c30 = i32x4.add(c30, i32x4.dot_i16x8_s(dot(b0, s), ones));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(dot(b1, s), ones));
    }
    if (f) {
      const following = changetype<Following>(f);
      finish(following, c00, c01, c10, c11);
      finish(following, c20, c21, c30, c31);
      continue;
    }
    store_row(c, half, c00, c01);
    store_row(c + 32, half, c10, c11);
    store_row(c + 64, half, c20, c21);
    store_row(c + 96, half, c30, c31);
    c += 128;
  }
}

// @ts-ignore: decorator
@inline
function pairs(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, f: usize): void {
  a -= 16;
  panel -= 16;
  const end = panel + (<usize>quads << 5);
  for (; tiles > 0; tiles--) {
    let c00 = zero_v128(), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    while (b < end) {
      a += 16;
      b += 16;
      const b0 = v128.load_ext<i8>(b), b1 = v128.load_ext<i8>(b, 8);
      let s = v128.load32_splat(a); c00 = i32x4.add(c00, i32x4.dot_i16x8_s(b0, s));
      c01 = i32x4.add(c01, i32x4.dot_i16x8_s(b1, s));
      s = v128.load32_splat(a, 4); c10 = i32x4.add(c10, i32x4.dot_i16x8_s(b0, s));
      c11 = i32x4.add(c11, i32x4.dot_i16x8_s(b1, s));
      s = v128.load32_splat(a, 8); c20 = i32x4.add(c20, i32x4.dot_i16x8_s(b0, s));
      c21 = i32x4.add(c21, i32x4.dot_i16x8_s(b1, s));
      s = v128.load32_splat(a, 12); c30 = i32x4.add(c30, i32x4.dot_i16x8_s(b0, s));
      c31 = i32x4.add(c31, i32x4.dot_i16x8_s(b1, s));
    }
    if (f) {
      const following = changetype<Following>(f);
      finish(following, c00, c01, c10, c11);
      finish(following, c20, c21, c30, c31);
      continue;
    }
    store_row(c, 16, c00, c01);
    store_row(c + 32, 16, c10, c11);
    store_row(c + 64, 16, c20, c21);
    store_row(c + 96, 16, c30, c31);
    c += 128;
  }
}
