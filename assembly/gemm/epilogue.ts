// What follows a product: v = acc + bias[j] + residual[i][j], then activation(v) or v * activation'(source[i][j]).
import { Activation } from "../abi";
import { activation_dx_v128, activation_v128 } from "../math/activation";
import { at_most_4, store_part } from "../range";
import { relu_v128 } from "../simd";

/**
 * Four results. `bias`, `residual` and `source` are the addresses of their operands for these four, or 0; `count` says
 * how many of them exist. The branches are the same in a whole product, so they are predicted.
 */
// @ts-ignore: decorator
@inline
export function epilogue_v128(v: v128, bias: usize, residual: usize, activation: i32, param: f32, source: usize,
  count: i32): v128 {
  if (bias) v = f32x4.add(v, at_most_4(bias, count, 0));
  if (residual) v = f32x4.add(v, at_most_4(residual, count, 0));
  if (activation == Activation.none) return v;
  if (activation == Activation.relu) return relu_v128(v);
  if (activation < Activation.gradient) return activation_v128(activation, v, param);
  const s = at_most_4(source, count, 0);
  // 0 where y <= 0 whatever v is, as in f32_activation_dx: infinity * 0 would be NaN.
  if (activation == Activation.gradient + Activation.relu) return v128.andnot(v, f32x4.le(s, f32x4.splat(0)));
  return f32x4.mul(v, activation_dx_v128(activation - Activation.gradient, s, param));
}

/** Four or fewer (`count`) results to c. */
export function epilogue_store(v: v128, c: usize, bias: usize, residual: usize, activation: i32, param: f32,
  source: usize, count: i32): void {
  v = epilogue_v128(v, bias, residual, activation, param, source, count);
  if (count >= 4) v128.store(c, v);
  else store_part(c, v, count);
}

/**
 * Takes a tile of sums [rows][8] at `tile` to C, `cols` (1 to 8) columns of it. All addresses are those of the tile's
 * first element, strides are in bytes. C may be the residual or the source: each element is read before it is written.
 */
export function f32_epilogue_tile(tile: usize, rows: i32, cols: i32, c: usize, ldc: usize, bias: usize, residual: usize,
  ldr: usize, activation: i32, param: f32, source: usize, lds: usize): void {
  for (; rows > 0; --rows) {
    if (cols == 8) {
      let v0 = v128.load(tile), v1 = v128.load(tile, 16);
      if (activation <= Activation.relu) {
        if (bias) { v0 = f32x4.add(v0, v128.load(bias)); v1 = f32x4.add(v1, v128.load(bias, 16)); }
        if (residual) { v0 = f32x4.add(v0, v128.load(residual)); v1 = f32x4.add(v1, v128.load(residual, 16)); }
        if (activation) { v0 = relu_v128(v0); v1 = relu_v128(v1); }
        v128.store(c, v0);
        v128.store(c, v1, 16);
      } else {
        v128.store(c, epilogue_v128(v0, bias, residual, activation, param, source, 4));
        v128.store(c, epilogue_v128(v1, bias ? bias + 16 : 0, residual ? residual + 16 : 0, activation, param, source + 16, 4), 16);
      }
    } else {
      epilogue_store(v128.load(tile), c, bias, residual, activation, param, source, cols);
      if (cols > 4) {
        epilogue_store(v128.load(tile, 16), c + 16, bias ? bias + 16 : 0, residual ? residual + 16 : 0, activation, param,
          source + 16, cols - 4);
      }
    }
    tile += 32;
    c += ldc;
    if (residual) residual += ldr;
    source += lds;
  }
}
