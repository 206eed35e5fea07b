// Micro-kernels of 4 or 6 rows by 8 columns on integers: sums of s8 weights times u7 inputs (0 to 127), exact in 32
// bits.
//
// Steps are quads, 4 inputs of a row at a time. A packed tile of inputs has for each quad its rows side by side, a
// panel of weights its 8 columns: [quad][row][4] and [quad][column][4]. The plain build widens inputs to 16 bits when
// it packs them, and has pairs in both: [pair][row][2] of i16, [pair][column][2] of s8. Without VNNI the limit is two
// integer products a cycle.
//
// Sums are stored, [row][8], or become results in their registers, where `f` says.
import { zero_v128 } from "../simd";
import { finish, Following } from "./epilogue";

/** Bytes of a packed quad of inputs of a row. */
export const ROW_BYTES: usize = ASC_FEATURE_RELAXED_SIMD ? 4 : 8;

// @ts-ignore: decorator
@inline
function store_row(c: usize, half: usize, c0: v128, c1: v128): void {
  v128.store(c, c0);
  v128.store(c + half, c1);
}

/**
 * The end of a tile of 4 to 6 rows, a constant: to c, or to where f says if it `ends` there. Halves of a row are `half`
 * bytes apart: 16, or f.half, which no compiler sees. Under its flag for wide vectors V8 joins halves whose stores are
 * neighbours. That is welcome where it can (VNNI, plain); over relaxed dots of 16 bits, which it cannot join, it ends
 * the process (Node 24 and 26).
 */
// @ts-ignore: decorator
@inline
function end_tile(rows: i32, ends: bool, f: Following, c: usize, half: usize, c00: v128, c01: v128, c10: v128,
  c11: v128, c20: v128, c21: v128, c30: v128, c31: v128, c40: v128, c41: v128, c50: v128, c51: v128): void {
  if (ends) finish(rows, f, c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51);
  else {
    store_row(c, half, c00, c01);
    store_row(c + 32, half, c10, c11);
    store_row(c + 64, half, c20, c21);
    store_row(c + 96, half, c30, c31);
    if (rows > 4) store_row(c + 128, half, c40, c41);
    if (rows > 5) store_row(c + 160, half, c50, c51);
  }
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
export function s8_ukernel_4x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool,
  f: Following): void {
  if (ASC_FEATURE_RELAXED_SIMD) dots(tiles, a, panel, quads, c, ends, f);
  else pairs(tiles, a, panel, quads, c, ends, f);
}

/** By one instruction for 4 products where the processor has it (VNNI); slower where V8 has to make it of others. */
export function s8_ukernel_vnni_6x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool,
  f: Following): void {
  vnni(6, tiles, a, panel, quads, c, ends, f);
}

/** The first five rows of packed tiles of six. */
export function s8_ukernel_vnni_5x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool,
  f: Following): void {
  vnni(5, tiles, a, panel, quads, c, ends, f);
}

// @ts-ignore: decorator
@inline
function vnni(rows: i32, tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool, f: Following): void {
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
      if (rows > 5) {
        s = v128.load32_splat(a, 20); c50 = dot_add(b0, s, c50);
        c51 = dot_add(b1, s, c51);
      }
    }
    end_tile(rows, ends, f, c, 16, c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51);
    c += <usize>rows << 5;
  }
}

/**
 * Two quads at a time, added in 16 bits before they are widened: a sixth faster than `s8_ukernel_4x8`, the same sums
 * where the weights of such four products allow it (`narrow` of the packed weights).
 */
export function s8_ukernel_narrow_4x8(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool,
  f: Following): void {
  a -= 32;
  panel -= 64;
  const end = panel + (<usize>quads << 5), ones = f.ones;
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
    end_tile(4, ends, f, c, f.half, c00, c01, c10, c11, c20, c21, c30, c31, c00, c00, c00, c00);
    c += 128;
  }
}

// @ts-ignore: decorator
@inline
function dots(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool, f: Following): void {
  a -= 16;
  panel -= 32;
  const end = panel + (<usize>quads << 5), ones = f.ones;
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
    end_tile(4, ends, f, c, f.half, c00, c01, c10, c11, c20, c21, c30, c31, c00, c00, c00, c00);
    c += 128;
  }
}

// @ts-ignore: decorator
@inline
function pairs(tiles: i32, a: usize, panel: usize, quads: i32, c: usize, ends: bool, f: Following): void {
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
    end_tile(4, ends, f, c, 16, c00, c01, c10, c11, c20, c21, c30, c31, c00, c00, c00, c00);
    c += 128;
  }
}
