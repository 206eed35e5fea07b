// From exact sums to results. Of the sum of column j:  v = sum * multiplier[j] + offset[j] + residual * factor, then
// min(max(v, low), high), and, for bytes, rounded to the nearest, ties to even. Products and sums of float32 are
// rounded one by one in every build, so a result has the same bits everywhere.
import { IntegerEpilogue } from "../generated/records";
import { store_part } from "../range";

/** 1.5 * 2^23: a float32 of at most 2^22 added to it has its nearest integer in its low bits. */
const MAGIC: f32 = 12582912;

/** What a value is made of. */
export const enum Form { bytes = 0, floats = 1 }

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

/**
 * `rows` rows of a tile of sums [row][8], of which `cols` columns are wanted, to y and from the residual `at` numbers
 * into both, rows `step` numbers apart.
 */
export function s8_epilogue_tile(sums: usize, rows: i32, cols: i32, at: usize, step: usize, multiplier: usize,
  offset: usize, e: IntegerEpilogue): void {
  const m0 = v128.load(multiplier), m1 = v128.load(multiplier, 16), o0 = v128.load(offset), o1 = v128.load(offset, 16);
  const low = f32x4.splat(e.low), high = f32x4.splat(e.high), factor = f32x4.splat(e.factor);
  const isFloat = e.form == Form.floats, residualFloat = e.residualForm == Form.floats, adds = e.residual != 0;
  const yShift: usize = isFloat ? 2 : 0, rShift: usize = residualFloat ? 2 : 0;
  let y = e.y + (at << yShift), r = e.residual + (at << rShift);
  const yStep = step << yShift, rStep = step << rShift;
  // 16 of floats, where V8 does not see it: see `hidden_half` in ukernel.ts.
  const half = <usize>e.form << 4;
  for (; rows > 0; rows--) {
    let v0 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums)), m0), o0);
    let v1 = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(v128.load(sums, 16)), m1), o1);
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
