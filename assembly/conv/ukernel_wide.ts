// The micro-kernels of convolutions with two panels of B at a time, 4 rows by 16 columns, for builds that V8 widens:
// see gemm/ukernel_wide.ts. The second panel stands right after the first, k * 32 bytes on. Each sum is that of
// ukernel.ts and ukernel_packed.ts, product by product.
import { SECOND_PANEL } from "../generated/records";
import { fma, zero_v128 } from "../simd";

/** f32_conv_ukernel_4x8 of two panels: c [tile][4][8] of the first, and SECOND_PANEL bytes on of the second. */
export function f32_conv_ukernel_4x16(tiles: i32, x: usize, table: usize, segments: i32, length: i32, stride: usize,
  panel: usize, c: usize): void {
  const skip = stride - (<usize>length << 2), step = <usize>length << 5, right = <usize>segments * step;
  x -= 4;
  panel -= 32;
  for (; tiles > 0; tiles--) {
    let a0 = x + load<u32>(table), a1 = x + load<u32>(table, 4);
    let a2 = x + load<u32>(table, 8), a3 = x + load<u32>(table, 12);
    table += 16;
    let c00 = zero_v128(), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
    let c20 = c00, c21 = c00, c22 = c00, c23 = c00, c30 = c00, c31 = c00, c32 = c00, c33 = c00;
    let b = panel, d = panel + right;
    for (let n = segments; n > 0; n--) {
      const end = b + step;
      while (b < end) {
        b += 32; d += 32;
        const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(d), b3 = v128.load(d, 16);
        a0 += 4; let s = v128.load32_splat(a0);
        c00 = fma(s, b0, c00); c01 = fma(s, b1, c01); c02 = fma(s, b2, c02); c03 = fma(s, b3, c03);
        a1 += 4; s = v128.load32_splat(a1);
        c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); c12 = fma(s, b2, c12); c13 = fma(s, b3, c13);
        a2 += 4; s = v128.load32_splat(a2);
        c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); c22 = fma(s, b2, c22); c23 = fma(s, b3, c23);
        a3 += 4; s = v128.load32_splat(a3);
        c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); c32 = fma(s, b2, c32); c33 = fma(s, b3, c33);
      }
      a0 += skip; a1 += skip; a2 += skip; a3 += skip;
    }
    const e = c + SECOND_PANEL;
    v128.store(c, c01, 16); v128.store(c, c00); v128.store(e, c03, 16); v128.store(e, c02);
    v128.store(c, c11, 48); v128.store(c, c10, 32); v128.store(e, c13, 48); v128.store(e, c12, 32);
    v128.store(c, c21, 80); v128.store(c, c20, 64); v128.store(e, c23, 80); v128.store(e, c22, 64);
    v128.store(c, c31, 112); v128.store(c, c30, 96); v128.store(e, c33, 112); v128.store(e, c32, 96);
    c += 128;
  }
}

/** f32_rows_ukernel_4x8 of two panels whose columns lie side by side in c. */
export function f32_rows_ukernel_4x16(tiles: i32, a: usize, aRow: usize, panel: usize, k: i32, c: usize,
  cRow: usize): void {
  const right = <usize>k << 5;
  a -= 4;
  panel -= 32;
  const end = panel + right;
  for (; tiles > 0; tiles--) {
    let a0 = a, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
    a = a3 + aRow;
    let c00 = zero_v128(), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
    let c20 = c00, c21 = c00, c22 = c00, c23 = c00, c30 = c00, c31 = c00, c32 = c00, c33 = c00;
    let b = panel, d = panel + right;
    while (b < end) {
      b += 32; d += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(d), b3 = v128.load(d, 16);
      a0 += 4; let s = v128.load32_splat(a0);
      c00 = fma(s, b0, c00); c01 = fma(s, b1, c01); c02 = fma(s, b2, c02); c03 = fma(s, b3, c03);
      a1 += 4; s = v128.load32_splat(a1);
      c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); c12 = fma(s, b2, c12); c13 = fma(s, b3, c13);
      a2 += 4; s = v128.load32_splat(a2);
      c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); c22 = fma(s, b2, c22); c23 = fma(s, b3, c23);
      a3 += 4; s = v128.load32_splat(a3);
      c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); c32 = fma(s, b2, c32); c33 = fma(s, b3, c33);
    }
    v128.store(c, c01, 16); v128.store(c, c00); v128.store(c, c03, 48); v128.store(c, c02, 32); c += cRow;
    v128.store(c, c11, 16); v128.store(c, c10); v128.store(c, c13, 48); v128.store(c, c12, 32); c += cRow;
    v128.store(c, c21, 16); v128.store(c, c20); v128.store(c, c23, 48); v128.store(c, c22, 32); c += cRow;
    v128.store(c, c31, 16); v128.store(c, c30); v128.store(c, c33, 48); v128.store(c, c32, 32); c += cRow;
  }
}

/**
 * f32_packed_ukernel_4x8 of two panels: the sums of the second stand `far` bytes after those of the first. A comes in
 * panels of `rows` rows, 4 or 8.
 */
export function f32_packed_ukernel_4x16(tiles: i32, rows: usize, a: usize, panel: usize, k: i32, c: usize,
  cRow: usize, far: usize): void {
  packed(false, tiles, rows, a, panel, k, c, cRow, far);
}

export function f32_packed_ukernel_4x16_add(tiles: i32, rows: usize, a: usize, panel: usize, k: i32, c: usize,
  cRow: usize, far: usize): void {
  packed(true, tiles, rows, a, panel, k, c, cRow, far);
}

/** store_row with all loads in front of the stores, between which V8 joins nothing. */
// @ts-ignore: decorator
@inline
function put(add: bool, c: usize, v0: v128, v1: v128): void {
  if (add) {
    const d0 = v128.load(c), d1 = v128.load(c, 16);
    v0 = f32x4.add(d0, v0);
    v1 = f32x4.add(d1, v1);
  }
  v128.store(c, v1, 16);
  v128.store(c, v0);
}

// @ts-ignore: decorator
@inline
function packed(add: bool, tiles: i32, rows: usize, a: usize, panel: usize, k: i32, c: usize, cRow: usize,
  far: usize): void {
  const right = <usize>k << 5, step = rows << 2;
  a -= step;
  panel -= 32;
  const end = panel + right;
  for (; tiles > 0; tiles--) {
    let c00 = zero_v128(), c01 = c00, c02 = c00, c03 = c00, c10 = c00, c11 = c00, c12 = c00, c13 = c00;
    let c20 = c00, c21 = c00, c22 = c00, c23 = c00, c30 = c00, c31 = c00, c32 = c00, c33 = c00;
    let b = panel, d = panel + right;
    while (b < end) {
      a += step; b += 32; d += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(d), b3 = v128.load(d, 16);
      let s = v128.load32_splat(a);
      c00 = fma(s, b0, c00); c01 = fma(s, b1, c01); c02 = fma(s, b2, c02); c03 = fma(s, b3, c03);
      s = v128.load32_splat(a, 4);
      c10 = fma(s, b0, c10); c11 = fma(s, b1, c11); c12 = fma(s, b2, c12); c13 = fma(s, b3, c13);
      s = v128.load32_splat(a, 8);
      c20 = fma(s, b0, c20); c21 = fma(s, b1, c21); c22 = fma(s, b2, c22); c23 = fma(s, b3, c23);
      s = v128.load32_splat(a, 12);
      c30 = fma(s, b0, c30); c31 = fma(s, b1, c31); c32 = fma(s, b2, c32); c33 = fma(s, b3, c33);
    }
    put(add, c, c00, c01); put(add, c + far, c02, c03); c += cRow;
    put(add, c, c10, c11); put(add, c + far, c12, c13); c += cRow;
    put(add, c, c20, c21); put(add, c + far, c22, c23); c += cRow;
    put(add, c, c30, c31); put(add, c + far, c32, c33); c += cRow;
    // From the upper four rows of a panel of 8 to the lower, and from those to the next panel.
    if (rows == 8) a += tiles & 1 ? -16 : 16 - right;
  }
}
