// What follows the sums: y = activation(sum + bias + residual), or (sum + bias + residual) * activation'(source).
import { Activation } from "../abi";
import { activation_dx_v128, activation_v128 } from "../math/activation";
import { relu_v128 } from "../simd";

/**
 * Four sums at once. `offset` is the byte offset of y, residual and source; bias is 0 or the address of 4 numbers.
 * The branches do not change within a layer, so they are predicted.
 */
// @ts-ignore: decorator
@inline
export function finish_v128(v: v128, bias: usize, residual: usize, offset: usize, activation: i32, param: f32,
  source: usize): v128 {
  if (bias) v = f32x4.add(v, v128.load(bias));
  if (residual) v = f32x4.add(v, v128.load(residual + offset));
  if (activation == Activation.relu) return relu_v128(v);
  if (activation) return curve_v128(v, offset, activation, param, source);
  return v;
}

function curve_v128(v: v128, offset: usize, activation: i32, param: f32, source: usize): v128 {
  if (activation < Activation.gradient) return activation_v128(activation, v, param);
  return f32x4.mul(v, activation_dx_v128(activation - Activation.gradient, v128.load(source + offset), param));
}

/** One number of a row whose end is nearer than 4. */
export function finish_f32(sum: f32, bias: usize, residual: usize, offset: usize, activation: i32, param: f32,
  source: usize): f32 {
  let v = f32x4.splat(sum);
  if (bias) v = f32x4.add(v, v128.load32_splat(bias));
  if (residual) v = f32x4.add(v, v128.load32_splat(residual + offset));
  if (activation >= Activation.gradient) {
    v = f32x4.mul(v, activation_dx_v128(activation - Activation.gradient, v128.load32_splat(source + offset), param));
  } else v = activation_v128(activation, v, param);
  return f32x4.extract_lane(v, 0);
}

/**
 * Takes the `cols` columns from `channel` of a tile of sums at c to y, residual and source stepping as y does; pixel i
 * stands at y + table[i]. c may be y itself.
 */
export function finish_tile(c: usize, cStride: usize, rows: i32, cols: i32, y: usize, table: usize, channel: i32,
  bias: usize, residual: usize, activation: i32, param: f32, source: usize): void {
  const shift = <usize>channel << 2;
  if (bias) bias += shift;
  for (; rows > 0; --rows) {
    const offset = load<u32>(table) + shift;
    if (cols == 8) {
      v128.store(y + offset, finish_v128(v128.load(c), bias, residual, offset, activation, param, source));
      const more = bias ? bias + 16 : 0;
      v128.store(y + offset + 16, finish_v128(v128.load(c, 16), more, residual, offset + 16, activation, param, source));
    } else {
      for (let j: usize = 0; j < <usize>cols << 2; j += 4) {
        const at = bias ? bias + j : 0;
        store<f32>(y + offset + j, finish_f32(load<f32>(c + j), at, residual, offset + j, activation, param, source));
      }
    }
    c += cStride;
    table += 4;
  }
}
