// From exact sums to results. Of the sum of column j:  v = sum * multiplier[j] + offset[j] + residual * factor, then
// min(max(v, low), high), and, for bytes, rounded to the nearest, ties to even. Products and sums of float32 are
// rounded one by one in every build, so a result has the same bits everywhere.
import { IntegerEpilogue } from "../generated/records";
import { store_part } from "../range";

/** 1.5 * 2^23: a float32 of at most 2^22 added to it has its nearest integer in its low bits. */
export const MAGIC: f32 = 12582912;

/** What is more in the bits of the sum than the integer. */
export const EXCESS: i32 = 0x4b400000;

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
  /** EXCESS, and `high` as bytes. */
  excess: v128; most: v128;
  /** Of eight bytes: the first four in a lane each, and the last four. */
  first: v128; last: v128;
  ones: v128;
  /** The next rows of y and of the residual (0: none), and the bytes from one to the next. */
  y: usize; residual: usize; step: usize; residualStep: usize;
  form: Form; residualForm: Form;
  /** Bytes of half a row of sums or floats, 16, where V8 does not see it: see `end_tile` in ukernel.ts. */
  half: usize;
}

export function set_following(f: Following, e: IntegerEpilogue, columns: usize): void {
  f.low = f32x4.splat(e.low);
  f.high = f32x4.splat(e.high);
  f.factor = f32x4.splat(e.factor);
  f.nearest = f32x4.splat(MAGIC);
  f.excess = i32x4.splat(EXCESS);
  f.most = i8x16.splat(<i8>(nearest<f32>(min(e.high, 127))));
  f.first = i8x16(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1);
  f.last = i8x16(4, -1, -1, -1, 5, -1, -1, -1, 6, -1, -1, -1, 7, -1, -1, -1);
  f.ones = i16x8.splat(1);
  f.form = e.form;
  f.residualForm = e.residualForm;
  f.step = columns << shift_of(e.form);
  f.residualStep = columns << shift_of(e.residualForm);
  f.half = 16;
}

/** Of a number's bytes, the logarithm. */
// @ts-ignore: decorator
@inline
function shift_of(form: Form): usize {
  return form == Form.floats ? 2 : 0;
}

/** Sets where the results of a panel go, and where their residual stands: `at` numbers into both. */
export function set_rows(f: Following, e: IntegerEpilogue, at: usize): void {
  f.y = e.y + (at << shift_of(e.form));
  f.residual = e.residual ? e.residual + (at << shift_of(e.residualForm)) : 0;
}

/** Of a panel: eight multipliers and eight offsets. */
export function set_columns(f: Following, columns: usize): void {
  memory.copy(changetype<usize>(f), columns, 64);
}

/** The four bytes at p as float32. */
// @ts-ignore: decorator
@inline
export function floats_of(x: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(x)));
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
  return f32x4.add(v, f32x4.mul(f32x4.convert_i32x4_s(swizzled(x, order)), factor));
}

/** v + r * factor; r of floats. */
// @ts-ignore: decorator
@inline
function plus_floats(v: v128, r: v128, factor: v128): v128 {
  return f32x4.add(v, f32x4.mul(r, factor));
}

/** Sixteen numbers of at least 0, as bytes in their order. */
// @ts-ignore: decorator
@inline
export function narrowed(v0: v128, v1: v128, w0: v128, w1: v128, near: v128, excess: v128, most: v128): v128 {
  v0 = i32x4.sub(f32x4.add(v0, near), excess);
  v1 = i32x4.sub(f32x4.add(v1, near), excess);
  w0 = i32x4.sub(f32x4.add(w0, near), excess);
  w1 = i32x4.sub(f32x4.add(w1, near), excess);
  return i8x16.min_u(i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(v0, v1), i16x8.narrow_i32x4_s(w0, w1)), most);
}

// @ts-ignore: decorator
@inline
function store_floats(y: usize, half: usize, v0: v128, v1: v128, high: v128): void {
  v128.store(y, f32x4.pmin(v0, high));
  v128.store(y + half, f32x4.pmin(v1, high));
}

/**
 * The sums of 4 to 6 whole rows (a constant) to results, in registers; f goes on to the next ones. What all rows want
 * from memory is loaded once. Bytes are cut off at `high` as bytes: saturated narrowing keeps their order.
 */
// @ts-ignore: decorator
@inline
export function finish(rows: i32, f: Following, c00: v128, c01: v128, c10: v128, c11: v128, c20: v128, c21: v128,
  c30: v128, c31: v128, c40: v128, c41: v128, c50: v128, c51: v128): void {
  let m = f.m0, o = f.o0;
  c00 = affine(c00, m, o); c10 = affine(c10, m, o); c20 = affine(c20, m, o); c30 = affine(c30, m, o);
  if (rows > 4) c40 = affine(c40, m, o);
  if (rows > 5) c50 = affine(c50, m, o);
  m = f.m1; o = f.o1;
  c01 = affine(c01, m, o); c11 = affine(c11, m, o); c21 = affine(c21, m, o); c31 = affine(c31, m, o);
  if (rows > 4) c41 = affine(c41, m, o);
  if (rows > 5) c51 = affine(c51, m, o);
  let r = f.residual;
  if (r) {
    const next = f.residualStep, factor = f.factor;
    if (f.residualForm == Form.bytes) {
      const first = f.first, last = f.last;
      let q = v128.load64_zero(r); r += next;
      c00 = plus_bytes(c00, q, first, factor); c01 = plus_bytes(c01, q, last, factor);
      q = v128.load64_zero(r); r += next;
      c10 = plus_bytes(c10, q, first, factor); c11 = plus_bytes(c11, q, last, factor);
      q = v128.load64_zero(r); r += next;
      c20 = plus_bytes(c20, q, first, factor); c21 = plus_bytes(c21, q, last, factor);
      q = v128.load64_zero(r); r += next;
      c30 = plus_bytes(c30, q, first, factor); c31 = plus_bytes(c31, q, last, factor);
      if (rows > 4) {
        q = v128.load64_zero(r); r += next;
        c40 = plus_bytes(c40, q, first, factor); c41 = plus_bytes(c41, q, last, factor);
      }
      if (rows > 5) {
        q = v128.load64_zero(r); r += next;
        c50 = plus_bytes(c50, q, first, factor); c51 = plus_bytes(c51, q, last, factor);
      }
    } else {
      c00 = plus_floats(c00, v128.load(r), factor); c01 = plus_floats(c01, v128.load(r, 16), factor); r += next;
      c10 = plus_floats(c10, v128.load(r), factor); c11 = plus_floats(c11, v128.load(r, 16), factor); r += next;
      c20 = plus_floats(c20, v128.load(r), factor); c21 = plus_floats(c21, v128.load(r, 16), factor); r += next;
      c30 = plus_floats(c30, v128.load(r), factor); c31 = plus_floats(c31, v128.load(r, 16), factor); r += next;
      if (rows > 4) {
        c40 = plus_floats(c40, v128.load(r), factor); c41 = plus_floats(c41, v128.load(r, 16), factor); r += next;
      }
      if (rows > 5) {
        c50 = plus_floats(c50, v128.load(r), factor); c51 = plus_floats(c51, v128.load(r, 16), factor); r += next;
      }
    }
    f.residual = r;
  }
  const low = f.low, step = f.step;
  let y = f.y;
  c00 = f32x4.pmax(low, c00); c01 = f32x4.pmax(low, c01); c10 = f32x4.pmax(low, c10); c11 = f32x4.pmax(low, c11);
  c20 = f32x4.pmax(low, c20); c21 = f32x4.pmax(low, c21); c30 = f32x4.pmax(low, c30); c31 = f32x4.pmax(low, c31);
  if (rows > 4) { c40 = f32x4.pmax(low, c40); c41 = f32x4.pmax(low, c41); }
  if (rows > 5) { c50 = f32x4.pmax(low, c50); c51 = f32x4.pmax(low, c51); }
  if (f.form == Form.floats) {
    const high = f.high, half = f.half;
    store_floats(y, half, c00, c01, high); y += step;
    store_floats(y, half, c10, c11, high); y += step;
    store_floats(y, half, c20, c21, high); y += step;
    store_floats(y, half, c30, c31, high); y += step;
    if (rows > 4) { store_floats(y, half, c40, c41, high); y += step; }
    if (rows > 5) { store_floats(y, half, c50, c51, high); y += step; }
  } else {
    const near = f.nearest, excess = f.excess, most = f.most;
    c00 = narrowed(c00, c01, c10, c11, near, excess, most);
    v128.store64_lane(y, c00, 0); y += step;
    v128.store64_lane(y, c00, 1); y += step;
    c00 = narrowed(c20, c21, c30, c31, near, excess, most);
    v128.store64_lane(y, c00, 0); y += step;
    v128.store64_lane(y, c00, 1); y += step;
    if (rows > 4) {
      c00 = narrowed(c40, c41, rows > 5 ? c50 : c40, rows > 5 ? c51 : c41, near, excess, most);
      v128.store64_lane(y, c00, 0); y += step;
      if (rows > 5) { v128.store64_lane(y, c00, 1); y += step; }
    }
  }
  f.y = y;
}

/** `rows` rows of sums [row][8], of which `cols` columns are wanted, to where f says. */
export function s8_epilogue_tile(sums: usize, rows: i32, cols: i32, f: Following): void {
  const isFloat = f.form == Form.floats, residualFloat = f.residualForm == Form.floats;
  let y = f.y, r = f.residual;
  const m0 = f.m0, m1 = f.m1, o0 = f.o0, o1 = f.o1, low = f.low, high = f.high, factor = f.factor;
  const yStep = f.step, rStep = f.residualStep, half = f.half;
  for (; rows > 0; rows--) {
    let v0 = affine(v128.load(sums), m0, o0), v1 = affine(v128.load(sums, 16), m1, o1);
    if (r) {
      let r0: v128, r1: v128;
      if (residualFloat) {
        r0 = v128.load(r);
        r1 = v128.load(r, 16);
      } else {
        r0 = floats_of(v128.load32_zero(r));
        r1 = floats_of(v128.load32_zero(r, 4));
      }
      v0 = plus_floats(v0, r0, factor);
      v1 = plus_floats(v1, r1, factor);
      r += rStep;
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
  }
}
