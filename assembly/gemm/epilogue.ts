// What follows a product: v = acc + bias[j] + residual[i][j], then activation(v) or v * activation'(source[i][j]).
import { Activation } from "../generated/records";
import { activation_dx_v128, activation_v128 } from "../math/activation";
import { at_most_4, store_part } from "../range";
import { relu_v128, zero_v128 } from "../simd";

/** The activation that stands for ReLU's derivative. */
// @ts-ignore: decorator
@inline
export const RELU_GRADIENT: i32 = Activation.gradient + Activation.relu;

/** v, or 0 where y <= 0 whatever v is, as in f32_activation_dx: infinity * 0 would be NaN. */
// @ts-ignore: decorator
@inline
export function relu_gradient(v: v128, y: v128): v128 {
  return v128.andnot(v, f32x4.le(y, zero_v128()));
}

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
  if (activation == Activation.relu) v = relu_v128(v);
  else if (TRAINING && activation >= Activation.gradient) {
    const s = at_most_4(source, count, 0);
    if (activation == RELU_GRADIENT) v = relu_gradient(v, s);
    else v = f32x4.mul(v, activation_dx_v128(activation - Activation.gradient, s, param));
  } else if (activation != Activation.none) v = activation_v128(activation, v, param);
  return v;
}

/** Four or fewer (`count`) results to c. */
export function epilogue_store(v: v128, c: usize, bias: usize, residual: usize, activation: i32, param: f32,
  source: usize, count: i32): void {
  v = epilogue_v128(v, bias, residual, activation, param, source, count);
  if (count >= 4) v128.store(c, v);
  else store_part(c, v, count);
}

/**
 * Rows of 8 where the activation is none or ReLU: max(v, floor) with -infinity or 0; or, `masked`, where it is ReLU's
 * derivative.
 */
// @ts-ignore: decorator
@inline
function finish_rows(tile: usize, rows: i32, c: usize, ldc: usize, b0: v128, b1: v128, add: bool, residual: usize,
  ldr: usize, floor: v128, masked: bool, source: usize, lds: usize): void {
  for (; rows > 0; --rows) {
    let v0 = f32x4.add(v128.load(tile), b0), v1 = f32x4.add(v128.load(tile, 16), b1);
    if (add) {
      v0 = f32x4.add(v0, v128.load(residual));
      v1 = f32x4.add(v1, v128.load(residual, 16));
      residual += ldr;
    }
    if (masked) {
      v0 = relu_gradient(v0, v128.load(source));
      v1 = relu_gradient(v1, v128.load(source, 16));
      source += lds;
    } else {
      v0 = f32x4.pmax(v0, floor);
      v1 = f32x4.pmax(v1, floor);
    }
    v128.store(c, v0);
    v128.store(c, v1, 16);
    tile += 32;
    c += ldc;
  }
}

/**
 * Takes a tile of sums [rows][8] at `tile` to C, `cols` (1 to 8) columns of it. All addresses are those of the tile's
 * first element, strides are in bytes. C may be the residual or the source: each element is read before it is written.
 */
export function f32_epilogue_tile(tile: usize, rows: i32, cols: i32, c: usize, ldc: usize, bias: usize, residual: usize,
  ldr: usize, activation: i32, param: f32, source: usize, lds: usize): void {
  const right = cols - 4;
  let b0 = zero_v128(), b1 = b0;
  if (bias) {
    b0 = at_most_4(bias, cols, 0);
    if (right > 0) b1 = at_most_4(bias + 16, right, 0);
  }
  if (cols == 8 && activation <= Activation.relu) {
    const floor = activation ? zero_v128() : f32x4.splat(-Infinity);
    if (residual) finish_rows(tile, rows, c, ldc, b0, b1, true, residual, ldr, floor, false, 0, 0);
    else finish_rows(tile, rows, c, ldc, b0, b1, false, 0, 0, floor, false, 0, 0);
    return;
  }
  if (TRAINING && cols == 8 && activation == RELU_GRADIENT) {
    if (residual) finish_rows(tile, rows, c, ldc, b0, b1, true, residual, ldr, b0, true, source, lds);
    else finish_rows(tile, rows, c, ldc, b0, b1, false, 0, 0, b0, true, source, lds);
    return;
  }
  for (; rows > 0; --rows) {
    epilogue_store(f32x4.add(v128.load(tile), b0), c, 0, residual, activation, param, source, cols);
    if (right > 0) {
      epilogue_store(f32x4.add(v128.load(tile, 16), b1), c + 16, 0, residual ? residual + 16 : 0, activation, param,
        source + 16, right);
    }
    tile += 32;
    c += ldc;
    if (residual) residual += ldr;
    source += lds;
  }
}
