// From exact sums to results. Of the sum of column j:  v = sum * multiplier[j] + offset[j] + residual * factor, then
// min(max(v, low), high), and, for bytes, rounded to the nearest, ties to even. Products and sums of float32 are
// rounded one by one in every build, so a result has the same bits everywhere.
import { IntegerEpilogue } from "../generated/records";
import { store_part } from "../range";
import { EXCESS, HIGH, LOW, MAGIC, NEAREST, ROWS } from "./constants";

/** What a value is made of. */
export const enum Form { bytes = 0, floats = 1, none = 2 }

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
function affine(sums: usize, m: v128, o: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), m), o);
}

/** v + q * factor; q by `order` of bytes x. */
// @ts-ignore: decorator
@inline
function plus_bytes(v: v128, x: v128, order: v128, factor: v128): v128 {
  return f32x4.add(v, f32x4.mul(f32x4.convert_i32x4_u(swizzled(x, order)), factor));
}

// @ts-ignore: decorator
@inline
function plus_floats(v: v128, p: usize, factor: v128): v128 {
  return f32x4.add(v, f32x4.mul(v128.load(p), factor));
}

/** Whole rows to bytes, two at a time: their bytes are shifted into place and added up, 17 instructions in place of 32. */
// @ts-ignore: decorator
@inline
function to_bytes(residual: Form, sums: usize, rows: i32, at: usize, step: usize, column: usize, constants: usize,
  e: IntegerEpilogue): void {
  const m0 = v128.load(column), m1 = v128.load(column, 16), o0 = v128.load(column, 32), o1 = v128.load(column, 48);
  const low = f32x4.splat(e.low), high = f32x4.splat(e.high), factor = f32x4.splat(e.factor);
  const nearest = v128.load(constants, NEAREST), excess = v128.load(constants, EXCESS);
  const order = v128.load(constants, ROWS), first = v128.load(constants, LOW), last = v128.load(constants, HIGH);
  const shift: usize = residual == Form.floats ? 2 : 0;
  let y = e.y + at, r = e.residual + (at << shift);
  for (; rows > 0; rows -= 2) {
    // A last row of its own takes the place of the row after it, too.
    const next: usize = rows > 1 ? step : 0;
    let v0 = affine(sums, m0, o0), v1 = affine(sums + 16, m1, o1);
    let w0 = affine(sums + 32, m0, o0), w1 = affine(sums + 48, m1, o1);
    if (residual == Form.bytes) {
      const q = v128.load64_zero(r), p = v128.load64_zero(r + next);
      v0 = plus_bytes(v0, q, first, factor);
      v1 = plus_bytes(v1, q, last, factor);
      w0 = plus_bytes(w0, p, first, factor);
      w1 = plus_bytes(w1, p, last, factor);
    } else if (residual == Form.floats) {
      const p = r + (next << shift);
      v0 = plus_floats(v0, r, factor);
      v1 = plus_floats(v1, r + 16, factor);
      w0 = plus_floats(w0, p, factor);
      w1 = plus_floats(w1, p + 16, factor);
    }
    v0 = f32x4.add(between(v0, low, high), nearest);
    v1 = i32x4.shl(f32x4.add(between(v1, low, high), nearest), 8);
    w0 = i32x4.shl(f32x4.add(between(w0, low, high), nearest), 16);
    w1 = i32x4.shl(f32x4.add(between(w1, low, high), nearest), 24);
    const both = swizzled(i32x4.sub(i32x4.add(i32x4.add(v0, v1), i32x4.add(w0, w1)), excess), order);
    v128.store64_lane(y + next, both, 1);
    v128.store64_lane(y, both, 0);
    sums += 64;
    y += step << 1;
    r += step << (shift + 1);
  }
}

/**
 * `rows` rows of a tile of sums [row][8], of which `cols` columns are wanted, to y and from the residual `at` numbers
 * into both, rows `step` numbers apart. An odd row is followed by memory of another. `column` has multipliers and
 * offsets.
 */
export function s8_epilogue_tile(sums: usize, rows: i32, cols: i32, at: usize, step: usize, column: usize,
  constants: usize, e: IntegerEpilogue): void {
  const isFloat = e.form == Form.floats, residualFloat = e.residualForm == Form.floats, adds = e.residual != 0;
  if (cols == 8 && !isFloat) {
    if (!adds) to_bytes(Form.none, sums, rows, at, step, column, constants, e);
    else if (residualFloat) to_bytes(Form.floats, sums, rows, at, step, column, constants, e);
    else to_bytes(Form.bytes, sums, rows, at, step, column, constants, e);
    return;
  }
  const m0 = v128.load(column), m1 = v128.load(column, 16), o0 = v128.load(column, 32), o1 = v128.load(column, 48);
  const low = f32x4.splat(e.low), high = f32x4.splat(e.high), factor = f32x4.splat(e.factor);
  const yShift: usize = isFloat ? 2 : 0, rShift: usize = residualFloat ? 2 : 0;
  let y = e.y + (at << yShift), r = e.residual + (at << rShift);
  const yStep = step << yShift, rStep = step << rShift;
  // 16 of floats, where V8 does not see it: see `hidden_half` in ukernel.ts.
  const half = <usize>e.form << 4;
  for (; rows > 0; rows--) {
    let v0 = affine(sums, m0, o0), v1 = affine(sums + 16, m1, o1);
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
