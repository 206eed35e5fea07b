// Micro-kernels as those of ukernel.ts, with a packed A: of weight gradients, and of convolutions with few products.
import { Epilogue } from "../generated/records";
import { ceiling_of, clamp, floor_of } from "../gemm/epilogue";
import { fma, zero_v128 } from "../simd";
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

/**
 * y[row][0..8) = clamp(the sum over l < k of a[l][row] * panel[l] + bias + residual): sums never leave the registers.
 * `at` bytes into y, rows `yStep` bytes apart; `column` bytes into the bias. The activation is one of is_clamp.
 */
export function f32_packed_ukernel_4x8_clamp(tiles: i32, a: usize, panel: usize, k: i32, at: usize, yStep: usize,
  column: usize, e: Epilogue): void {
  const activation = e.activation, bias = e.bias ? e.bias + column : 0;
  const add = e.residual != 0;
  let y = e.y + at, r = e.residual + at;
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
    const d0 = bias ? v128.load(bias) : zero_v128(), d1 = bias ? v128.load(bias, 16) : zero_v128();
    const floor = floor_of(activation), ceiling = ceiling_of(activation);
    clamp_row(add, y, r, f32x4.add(c00, d0), f32x4.add(c01, d1), floor, ceiling);
    y += yStep; r += yStep;
    clamp_row(add, y, r, f32x4.add(c10, d0), f32x4.add(c11, d1), floor, ceiling);
    y += yStep; r += yStep;
    clamp_row(add, y, r, f32x4.add(c20, d0), f32x4.add(c21, d1), floor, ceiling);
    y += yStep; r += yStep;
    clamp_row(add, y, r, f32x4.add(c30, d0), f32x4.add(c31, d1), floor, ceiling);
    y += yStep; r += yStep;
  }
}

// @ts-ignore: decorator
@inline
function clamp_row(add: bool, y: usize, r: usize, v0: v128, v1: v128, floor: v128, ceiling: v128): void {
  if (add) {
    v0 = f32x4.add(v0, v128.load(r));
    v1 = f32x4.add(v1, v128.load(r, 16));
  }
  v128.store(y, clamp(v0, floor, ceiling));
  v128.store(y, clamp(v1, floor, ceiling), 16);
}
