// What follows a product: v = acc + bias[j] + residual[i][j], then activation(v) or v * activation'(source[i][j]).
import { Activation, Epilogue } from "../generated/records";
import { activation_dx_of, activation_dx_v128, activation_of, activation_v128 } from "../math/activation";
import { activation_run } from "../elementwise/activation";
import { at_most_4, store_at_most_4 } from "../range";
import { relu_v128, zero_v128 } from "../simd";
import { NR } from "./ukernel";

/** The activation that stands for ReLU's derivative. */
// @ts-ignore: decorator
@inline
export const RELU_GRADIENT: i32 = Activation.gradient + Activation.relu;

// @ts-ignore: decorator
@inline
const RELU6_GRADIENT: i32 = Activation.gradient + Activation.relu6;

/** v, or 0 where y <= 0 whatever v is, as in f32_activation_dx: infinity * 0 would be NaN. */
// @ts-ignore: decorator
@inline
export function relu_gradient(v: v128, y: v128): v128 {
  return v128.andnot(v, f32x4.le(y, zero_v128()));
}

/** Whether the activation is min(max(v, floor), ceiling): none, ReLU, ReLU6. */
// @ts-ignore: decorator
@inline
export function is_clamp(activation: i32): bool {
  return activation == Activation.none || activation == Activation.relu || FURTHER && activation == Activation.relu6;
}

// @ts-ignore: decorator
@inline
export function floor_of(activation: i32): v128 {
  return activation == Activation.none ? f32x4.splat(-Infinity) : zero_v128();
}

// @ts-ignore: decorator
@inline
export function ceiling_of(activation: i32): v128 {
  return f32x4.splat(FURTHER && activation == Activation.relu6 ? 6 : Infinity);
}

/** NaN stays. */
// @ts-ignore: decorator
@inline
export function clamp(v: v128, floor: v128, ceiling: v128): v128 {
  v = f32x4.pmax(v, floor);
  return FURTHER ? f32x4.pmin(v, ceiling) : v;
}

/**
 * v + residual, and the activation, of `count` results (4, or fewer at the end of a row), which stand `at` bytes into
 * y. The branches are the same in a whole product, so they are predicted.
 */
// @ts-ignore: decorator
@inline
export function finish_v128(v: v128, at: usize, count: i32, e: Epilogue): v128 {
  const residual = e.residual, activation = e.activation;
  if (residual) v = f32x4.add(v, at_most_4(residual + at, count, 0));
  if (activation == Activation.relu) v = relu_v128(v);
  else if (TRAINING && activation >= Activation.gradient) {
    const s = at_most_4(e.source + at, count, 0);
    if (activation == RELU_GRADIENT) v = relu_gradient(v, s);
    else v = f32x4.mul(v, activation_dx_v128(activation - Activation.gradient, s, e.param));
  } else if (activation != Activation.none) v = activation_v128(activation, v, e.param);
  return v;
}

/** Takes `count` results, the bias among them already, to y. */
function finish_store(v: v128, at: usize, count: i32, e: Epilogue): void {
  v = finish_v128(v, at, count, e);
  store_at_most_4(e.y + at, v, count);
}

/** Takes `count` sums to y; their bias stands `column` bytes into it. */
export function epilogue_store(v: v128, at: usize, column: usize, count: i32, e: Epilogue): void {
  const bias = e.bias;
  if (bias) v = f32x4.add(v, at_most_4(bias + column, count, 0));
  finish_store(v, at, count, e);
}

// What finish_rows does to a sum.
// @ts-ignore: decorator
@inline
export const CLAMP: i32 = 0; // an activation of is_clamp
// @ts-ignore: decorator
@inline
const MASK: i32 = 1; // ReLU's derivative
// @ts-ignore: decorator
@inline
const MASK_6: i32 = 2; // ReLU6's
// @ts-ignore: decorator
@inline
const HARDSWISH: i32 = 3;
// @ts-ignore: decorator
@inline
const SILU: i32 = 4;
// @ts-ignore: decorator
@inline
const GELU: i32 = 5;
// @ts-ignore: decorator
@inline
const GRADIENT: i32 = 6;

/** Takes whole rows of a tile of sums to y, as f32_epilogue_tile does. Inlined: `what` is a constant. */
// @ts-ignore: decorator
@inline
export function finish_rows(what: i32, tile: usize, rows: i32, at: usize, stride: usize, column: usize,
  e: Epilogue): void {
  const activation = e.activation, bias = e.bias ? e.bias + column : 0;
  const b0 = bias ? v128.load(bias) : zero_v128(), b1 = bias ? v128.load(bias, 16) : zero_v128();
  const floor = floor_of(activation), ceiling = ceiling_of(activation);
  const add = e.residual != 0;
  const derives = what == MASK || what == MASK_6 || what == GRADIENT;
  let y = e.y + at, residual = e.residual + at, source = derives ? e.source + at : 0;
  const end = tile + (<usize>rows << 5);
  do {
    let v0 = f32x4.add(v128.load(tile), b0), v1 = f32x4.add(v128.load(tile, 16), b1);
    if (add) {
      v0 = f32x4.add(v0, v128.load(residual));
      v1 = f32x4.add(v1, v128.load(residual, 16));
      residual += stride;
    }
    if (what == MASK) {
      v0 = relu_gradient(v0, v128.load(source));
      v1 = relu_gradient(v1, v128.load(source, 16));
      source += stride;
    } else if (what == MASK_6) {
      v0 = f32x4.mul(v0, activation_dx_of(Activation.relu6, v128.load(source), 0));
      v1 = f32x4.mul(v1, activation_dx_of(Activation.relu6, v128.load(source, 16), 0));
      source += stride;
    } else if (what == GRADIENT) {
      v0 = f32x4.mul(v0, activation_dx_v128(activation - Activation.gradient, v128.load(source), e.param));
      v1 = f32x4.mul(v1, activation_dx_v128(activation - Activation.gradient, v128.load(source, 16), e.param));
      source += stride;
    } else if (what == HARDSWISH) {
      v0 = activation_of(Activation.hardswish, v0, 0);
      v1 = activation_of(Activation.hardswish, v1, 0);
    } else if (what == SILU) {
      v0 = activation_of(Activation.silu, v0, 0);
      v1 = activation_of(Activation.silu, v1, 0);
    } else if (what == GELU) {
      v0 = activation_of(Activation.gelu, v0, 0);
      v1 = activation_of(Activation.gelu, v1, 0);
    } else {
      v0 = clamp(v0, floor, ceiling);
      v1 = clamp(v1, floor, ceiling);
    }
    v128.store(y, v0);
    v128.store(y, v1, 16);
    tile += 32;
    y += stride;
  } while (tile < end);
}

/** tile += bias + residual. */
function add_tile(tile: usize, rows: i32, cols: i32, at: usize, stride: usize, b0: v128, b1: v128, e: Epilogue): void {
  let residual = e.residual ? e.residual + at : 0;
  for (; rows > 0; rows--) {
    let v0 = f32x4.add(v128.load(tile), b0), v1 = f32x4.add(v128.load(tile, 16), b1);
    if (residual) {
      v0 = f32x4.add(v0, at_most_4(residual, cols, 0));
      if (cols > 4) v1 = f32x4.add(v1, at_most_4(residual + 16, cols - 4, 0));
      residual += stride;
    }
    v128.store(tile, v0);
    v128.store(tile, v1, 16);
    tile += 32;
  }
}

/**
 * Takes a tile of sums [rows][8] at `tile` to y, residual and source: `cols` (1 to 8) columns of it, `at` bytes into
 * them, rows `stride` bytes apart, and `column` bytes into the bias.
 */
export function f32_epilogue_tile(tile: usize, rows: i32, cols: i32, at: usize, stride: usize, column: usize,
  e: Epilogue): void {
  if (cols == NR) {
    const activation = e.activation;
    if (is_clamp(activation)) {
      finish_rows(CLAMP, tile, rows, at, stride, column, e);
      return;
    }
    if (TRAINING && activation == RELU_GRADIENT) {
      finish_rows(MASK, tile, rows, at, stride, column, e);
      return;
    }
    if (TRAINING && FURTHER && activation == RELU6_GRADIENT) {
      finish_rows(MASK_6, tile, rows, at, stride, column, e);
      return;
    }
    if (TRAINING && FURTHER && activation >= Activation.gradient) {
      finish_rows(GRADIENT, tile, rows, at, stride, column, e);
      return;
    }
    if (FURTHER && activation == Activation.hardswish) {
      finish_rows(HARDSWISH, tile, rows, at, stride, column, e);
      return;
    }
    if (FURTHER && activation == Activation.silu) {
      finish_rows(SILU, tile, rows, at, stride, column, e);
      return;
    }
    if (FURTHER && activation == Activation.gelu) {
      finish_rows(GELU, tile, rows, at, stride, column, e);
      return;
    }
  }
  const bias = e.bias ? e.bias + column : 0, right = cols - 4;
  let b0 = zero_v128(), b1 = b0;
  if (bias) {
    b0 = at_most_4(bias, cols, 0);
    if (right > 0) b1 = at_most_4(bias + 16, right, 0);
  }
  const activation = FURTHER ? e.activation : Activation.none;
  if (activation != Activation.none && activation < Activation.gradient) {
    // One branch for the whole tile, which lies in L1, instead of one for each vector.
    add_tile(tile, rows, cols, at, stride, b0, b1, e);
    activation_run(activation, tile, tile, 0, <usize>rows << 5, e.param);
    let y = e.y + at;
    for (; rows > 0; rows--) {
      store_at_most_4(y, v128.load(tile), cols);
      if (right > 0) store_at_most_4(y + 16, v128.load(tile, 16), right);
      tile += 32;
      y += stride;
    }
    return;
  }
  for (; rows > 0; rows--) {
    finish_store(f32x4.add(v128.load(tile), b0), at, cols, e);
    if (right > 0) finish_store(f32x4.add(v128.load(tile, 16), b1), at + 16, right, e);
    tile += 32;
    at += stride;
  }
}
