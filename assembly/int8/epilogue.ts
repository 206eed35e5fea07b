// From exact sums to results. Of the sum of column j:  v = sum * multiplier[j] + offset[j] + residual * factor, then
// min(max(v, low), high), and, for bytes, rounded to the nearest, ties to even. Products and sums of float32 are
// rounded one by one in every build, so a result has the same bits everywhere.
import { IntegerEpilogue } from "../generated/records";
import { store_part } from "../range";

/** 1.5 * 2^23: a float32 of at most 2^22 added to it has its nearest integer in its low bits. */
const MAGIC: f32 = 12582912;

/** What a value is made of. */
export const enum Form { bytes = 0, floats = 1 }

/**
 * What follows the sums of a panel, in memory: V8 builds a constant anew in every turn of a loop, an order of bytes by
 * ten instructions.
 */
// @ts-ignore: decorator
@unmanaged
export class Following {
  /** Multipliers and offsets of eight columns. */
  m0: v128; m1: v128; o0: v128; o1: v128;
  low: v128; high: v128; factor: v128;
  nearest: v128;
  /** What is left of four MAGICs in four sums shifted by 0, 8, 16 and 24 bits. */
  excess: v128;
  /** Of bytes of v0, v1, w0, w1 in each lane: those of v0 and v1, and those of w0 and w1. */
  rows: v128;
  /** Of eight bytes: the first four in a lane each, and the last four. */
  first: v128; last: v128;
  ones: v128;
  /** The next rows of y and of the residual (0: none), and the bytes from one to the next. */
  y: usize; residual: usize; step: usize;
}

export function set_following(f: Following, e: IntegerEpilogue, step: usize): void {
  f.low = f32x4.splat(e.low);
  f.high = f32x4.splat(e.high);
  f.factor = f32x4.splat(e.factor);
  f.nearest = f32x4.splat(MAGIC);
  f.excess = i32x4.splat(0x8b400000);
  f.rows = i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  f.first = i8x16(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1);
  f.last = i8x16(4, -1, -1, -1, 5, -1, -1, -1, 6, -1, -1, -1, 7, -1, -1, -1);
  f.ones = i16x8.splat(1);
  f.step = step;
}

/** Whether whole rows of results can leave their registers as bytes. */
export function ends_in_bytes(e: IntegerEpilogue): bool {
  return e.form == Form.bytes && (e.residual == 0 || e.residualForm == Form.bytes);
}

/** Of a panel: eight multipliers and eight offsets. */
export function set_columns(f: Following, columns: usize): void {
  memory.copy(changetype<usize>(f), columns, 64);
}

/** The four bytes at p as float32. */
// @ts-ignore: decorator
@inline
export function floats_of(x: v128): v128 {
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(x)));
}

/** min(max(v, low), high), `low` where v is not a number. */
// @ts-ignore: decorator
@inline
export function between(v: v128, low: v128, high: v128): v128 {
  const above = f32x4.pmax(low, v);
  return f32x4.pmin(above, high);
}

/** The nearest integers of eight numbers of 0 to 255, as the low eight bytes. */
// @ts-ignore: decorator
@inline
export function bytes_of(v0: v128, v1: v128): v128 {
  const magic = f32x4.splat(MAGIC);
  return v128.shuffle<i8>(f32x4.add(v0, magic), f32x4.add(v1, magic),
    0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** Stores the first `count` (1 to 8) bytes of x. */
export function store_bytes(p: usize, x: v128, count: i32): void {
  if (count == 8) {
    v128.store64_lane(p, x, 0);
    return;
  }
  let low = i64x2.extract_lane(x, 0);
  for (; count > 0; count--) {
    store<u8>(p++, <u8>low);
    low >>= 8;
  }
}

/** Bytes of x by their places in `order`, 0 where a place is 128 or more. */
// @ts-ignore: decorator
@inline
function swizzled(x: v128, order: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(x, order);
  return v128.swizzle(x, order);
}

// @ts-ignore: decorator
@inline
function affine(sums: v128, m: v128, o: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sums), m), o);
}

/** v + q * factor; q by `order` of bytes x. */
// @ts-ignore: decorator
@inline
function plus_bytes(v: v128, x: v128, order: v128, factor: v128): v128 {
  return f32x4.add(v, f32x4.mul(f32x4.convert_i32x4_u(swizzled(x, order)), factor));
}

/**
 * Two rows of sums, v and w, to bytes at y and y + next; their residual, if there is one, is bytes at r and r + next.
 * Shifted into their places and added up, they take 17 instructions to be narrowed, in place of 32.
 */
// @ts-ignore: decorator
@inline
export function two_rows(v0: v128, v1: v128, w0: v128, w1: v128, y: usize, r: usize, next: usize, f: Following): void {
  v0 = affine(v0, f.m0, f.o0);
  v1 = affine(v1, f.m1, f.o1);
  w0 = affine(w0, f.m0, f.o0);
  w1 = affine(w1, f.m1, f.o1);
  if (r) {
    const q = v128.load64_zero(r), p = v128.load64_zero(r + next);
    v0 = plus_bytes(v0, q, f.first, f.factor);
    v1 = plus_bytes(v1, q, f.last, f.factor);
    w0 = plus_bytes(w0, p, f.first, f.factor);
    w1 = plus_bytes(w1, p, f.last, f.factor);
  }
  v0 = f32x4.add(between(v0, f.low, f.high), f.nearest);
  v1 = i32x4.shl(f32x4.add(between(v1, f.low, f.high), f.nearest), 8);
  w0 = i32x4.shl(f32x4.add(between(w0, f.low, f.high), f.nearest), 16);
  w1 = i32x4.shl(f32x4.add(between(w1, f.low, f.high), f.nearest), 24);
  const both = swizzled(i32x4.sub(i32x4.add(i32x4.add(v0, v1), i32x4.add(w0, w1)), f.excess), f.rows);
  // Where both are the same row, v counts.
  v128.store64_lane(y + next, both, 1);
  v128.store64_lane(y, both, 0);
}

/**
 * `rows` rows of sums [row][8], of which `cols` columns are wanted, to y and from the residual `at` numbers into both,
 * rows `step` numbers apart. An odd row is followed by memory of another.
 */
export function s8_epilogue_tile(sums: usize, rows: i32, cols: i32, at: usize, step: usize, f: Following,
  e: IntegerEpilogue): void {
  const isFloat = e.form == Form.floats, residualFloat = e.residualForm == Form.floats, adds = e.residual != 0;
  const yShift: usize = isFloat ? 2 : 0, rShift: usize = residualFloat ? 2 : 0;
  let y = e.y + (at << yShift), r = e.residual + (at << rShift);
  if (cols == 8 && ends_in_bytes(e)) {
    if (!adds) r = 0;
    for (; rows > 0; rows -= 2) {
      const next: usize = rows > 1 ? step : 0;
      two_rows(v128.load(sums), v128.load(sums, 16), v128.load(sums, 32), v128.load(sums, 48), y, r, next, f);
      sums += 64;
      y += step << 1;
      if (r) r += step << 1;
    }
    return;
  }
  const m0 = f.m0, m1 = f.m1, o0 = f.o0, o1 = f.o1, low = f.low, high = f.high, factor = f.factor;
  const yStep = step << yShift, rStep = step << rShift;
  // 16 of floats, where V8 does not see it: see `hidden_half` in ukernel.ts.
  const half = <usize>e.form << 4;
  for (; rows > 0; rows--) {
    let v0 = affine(v128.load(sums), m0, o0), v1 = affine(v128.load(sums, 16), m1, o1);
    if (adds) {
      let r0: v128, r1: v128;
      if (residualFloat) {
        r0 = v128.load(r);
        r1 = v128.load(r, 16);
      } else {
        r0 = floats_of(v128.load32_zero(r));
        r1 = floats_of(v128.load32_zero(r, 4));
      }
      v0 = f32x4.add(v0, f32x4.mul(r0, factor));
      v1 = f32x4.add(v1, f32x4.mul(r1, factor));
    }
    v0 = between(v0, low, high);
    v1 = between(v1, low, high);
    if (!isFloat) store_bytes(y, bytes_of(v0, v1), cols);
    else if (cols == 8) {
      v128.store(y, v0);
      v128.store(y + half, v1);
    } else if (cols >= 4) {
      v128.store(y, v0);
      if (cols > 4) store_part(y + 16, v1, cols - 4);
    } else store_part(y, v0, cols);
    sums += 32;
    y += yStep;
    r += rStep;
  }
}
