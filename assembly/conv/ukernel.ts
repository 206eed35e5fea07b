// The micro-kernels of convolutions: 4 rows by 8 columns of sums in registers while k runs, as in gemm/ukernel.ts, but
// with a loop over tiles around it. That loop costs nothing where a call a tile does (19 GFLOPS a call a tile, 25 with
// the loop, at k = 16), and V8 11 to 13 allocate registers well only where the inner loop is nested and the
// accumulators begin as constants or loads. Pointers move before the loads, as there. B is a panel [k][8] in all of
// them; strides are in bytes.
import { fma } from "../simd";

/**
 * Implicit GEMM. Row i of a tile reads x at table[i], `length` numbers in each of `segments`, `stride` apart; the table
 * holds 4 byte offsets for each tile. c [tile][4][8], or c += with `add`.
 */
export function f32_conv_ukernel_4x8(tiles: i32, x: usize, table: usize, segments: i32, length: i32, stride: usize,
  panel: usize, c: usize): void {
  conv(false, tiles, x, table, segments, length, stride, panel, c);
}

export function f32_conv_ukernel_4x8_add(tiles: i32, x: usize, table: usize, segments: i32, length: i32, stride: usize,
  panel: usize, c: usize): void {
  conv(true, tiles, x, table, segments, length, stride, panel, c);
}

// @ts-ignore: decorator
@inline
function conv(add: bool, tiles: i32, x: usize, table: usize, segments: i32, length: i32, stride: usize, panel: usize,
  c: usize): void {
  const skip = stride - (<usize>length << 2), step = <usize>length << 5;
  x -= 4;
  panel -= 32;
  for (; tiles > 0; tiles--) {
    let a0 = x + load<u32>(table), a1 = x + load<u32>(table, 4);
    let a2 = x + load<u32>(table, 8), a3 = x + load<u32>(table, 12);
    table += 16;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    for (let n = segments; n > 0; n--) {
      const end = b + step;
      while (b < end) {
        b += 32;
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        a0 += 4; let a = v128.load32_splat(a0); c00 = fma(a, b0, c00); c01 = fma(a, b1, c01);
        a1 += 4; a = v128.load32_splat(a1); c10 = fma(a, b0, c10); c11 = fma(a, b1, c11);
        a2 += 4; a = v128.load32_splat(a2); c20 = fma(a, b0, c20); c21 = fma(a, b1, c21);
        a3 += 4; a = v128.load32_splat(a3); c30 = fma(a, b0, c30); c31 = fma(a, b1, c31);
      }
      a0 += skip; a1 += skip; a2 += skip; a3 += skip;
    }
    store_row(add, c, c00, c01);
    store_row(add, c + 32, c10, c11);
    store_row(add, c + 64, c20, c21);
    store_row(add, c + 96, c30, c31);
    c += 128;
  }
}

/** c[row][0..8) = the sum over l < k of a[row][l] * panel[l]. */
export function f32_rows_ukernel_4x8(tiles: i32, a: usize, aRow: usize, panel: usize, k: i32, c: usize,
  cRow: usize): void {
  a -= 4;
  panel -= 32;
  const end = panel + (<usize>k << 5);
  for (; tiles > 0; tiles--) {
    let a0 = a, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    a = a3 + aRow;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    while (b < end) {
      b += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      a0 += 4; let s = v128.load32_splat(a0); c00 = fma(s, b0, c00); c01 = fma(s, b1, c01);
      a1 += 4; s = v128.load32_splat(a1); c10 = fma(s, b0, c10); c11 = fma(s, b1, c11);
      a2 += 4; s = v128.load32_splat(a2); c20 = fma(s, b0, c20); c21 = fma(s, b1, c21);
      a3 += 4; s = v128.load32_splat(a3); c30 = fma(s, b0, c30); c31 = fma(s, b1, c31);
    }
    v128.store(c, c00); v128.store(c, c01, 16); c += cRow;
    v128.store(c, c10); v128.store(c, c11, 16); c += cRow;
    v128.store(c, c20); v128.store(c, c21, 16); c += cRow;
    v128.store(c, c30); v128.store(c, c31, 16); c += cRow;
  }
}

/** The same, a row at a time: the one to three rows that a tile of 4 leaves over. */
export function f32_rows_ukernel_1x8(rows: i32, a: usize, aRow: usize, panel: usize, k: i32, c: usize,
  cRow: usize): void {
  a -= 4;
  panel -= 32;
  const end = panel + (<usize>k << 5);
  for (; rows > 0; rows--) {
    let p = a;
    a += aRow;
    let c0 = f32x4.splat(0), c1 = c0;
    let b = panel;
    while (b < end) {
      p += 4;
      b += 32;
      const s = v128.load32_splat(p);
      c0 = fma(s, v128.load(b), c0);
      c1 = fma(s, v128.load(b, 16), c1);
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    c += cRow;
  }
}

// @ts-ignore: decorator
@inline
export function store_row(add: bool, c: usize, v0: v128, v1: v128): void {
  v128.store(c, add ? f32x4.add(v128.load(c), v0) : v0);
  v128.store(c, add ? f32x4.add(v128.load(c, 16), v1) : v1, 16);
}
