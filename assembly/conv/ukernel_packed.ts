// The micro-kernels of weight gradients: as those of ukernel.ts, with a packed A.
import { fma } from "../simd";
import { store_row } from "./ukernel";

/** c[row][0..8) = the sum over l < k of a[l][row] * panel[l], A packed [tile][k][4]; or c += with `add`. */
export function f32_packed_ukernel_4x8(tiles: i32, a: usize, panel: usize, k: i32, c: usize, cRow: usize): void {
  packed(false, tiles, a, panel, k, c, cRow);
}

export function f32_packed_ukernel_4x8_add(tiles: i32, a: usize, panel: usize, k: i32, c: usize, cRow: usize): void {
  packed(true, tiles, a, panel, k, c, cRow);
}

// @ts-ignore: decorator
@inline
function packed(add: bool, tiles: i32, a: usize, panel: usize, k: i32, c: usize, cRow: usize): void {
  a -= 16;
  panel -= 32;
  const end = panel + (<usize>k << 5);
  for (; tiles > 0; tiles--) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let b = panel;
    while (b < end) {
      a += 16;
      b += 32;
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load32_splat(a); c00 = fma(s, b0, c00); c01 = fma(s, b1, c01);
      s = v128.load32_splat(a, 4); c10 = fma(s, b0, c10); c11 = fma(s, b1, c11);
      s = v128.load32_splat(a, 8); c20 = fma(s, b0, c20); c21 = fma(s, b1, c21);
      s = v128.load32_splat(a, 12); c30 = fma(s, b0, c30); c31 = fma(s, b1, c31);
    }
    store_row(add, c, c00, c01); c += cRow;
    store_row(add, c, c10, c11); c += cRow;
    store_row(add, c, c20, c21); c += cRow;
    store_row(add, c, c30, c31); c += cRow;
  }
}
