// y = act(x) and its derivative. In place (y = x, dx = dy or dx = source) is faster by half.
import { Activation, ActivationDxRecord, ActivationRecord, Epilogue } from "../generated/records";
import { activation_dx_of, activation_dx_v128, activation_of, activation_v128 } from "../math/activation";
import { load_part, range_begin, store_part } from "../range";
import { add_run } from "./add";

// Loops from byte i on that return where they stopped. `code` is a constant: one loop for each activation. Four vectors
// an iteration double the speed of ReLU inside the caches and gain nothing where there is more arithmetic.

// @ts-ignore: decorator
@inline
function map_4(code: i32, x: usize, y: usize, i: usize, end: usize, param: f32): usize {
  for (; i + 64 <= end; i += 64) {
    const x0 = v128.load(x + i), x1 = v128.load(x + i, 16), x2 = v128.load(x + i, 32), x3 = v128.load(x + i, 48);
    v128.store(y + i, activation_of(code, x0, param));
    v128.store(y + i, activation_of(code, x1, param), 16);
    v128.store(y + i, activation_of(code, x2, param), 32);
    v128.store(y + i, activation_of(code, x3, param), 48);
  }
  return i;
}

// @ts-ignore: decorator
@inline
function map_1(code: i32, x: usize, y: usize, i: usize, end: usize, param: f32): usize {
  if (i + 16 > end) return i;
  do {
    v128.store(y + i, activation_of(code, v128.load(x + i), param));
    i += 16;
  } while (i + 16 <= end);
  return i;
}

/** y = act(x), bytes [i, end) of both. */
export function activation_run(activation: i32, x: usize, y: usize, i: usize, end: usize, param: f32): void {
  if (activation == Activation.relu) i = map_4(Activation.relu, x, y, i, end, param);
  else if (FURTHER) switch (activation) {
    case Activation.leaky_relu: i = map_1(Activation.leaky_relu, x, y, i, end, param); break;
    case Activation.hardswish: i = map_1(Activation.hardswish, x, y, i, end, param); break;
    case Activation.gelu: i = map_1(Activation.gelu, x, y, i, end, param); break;
    case Activation.gelu_tanh: i = map_1(Activation.gelu_tanh, x, y, i, end, param); break;
    case Activation.silu: i = map_1(Activation.silu, x, y, i, end, param); break;
    case Activation.sigmoid: i = map_1(Activation.sigmoid, x, y, i, end, param); break;
    case Activation.tanh: i = map_1(Activation.tanh, x, y, i, end, param); break;
    case Activation.elu: i = map_1(Activation.elu, x, y, i, end, param); break;
    case Activation.relu6: i = map_1(Activation.relu6, x, y, i, end, param); break;
    case Activation.hardsigmoid: i = map_1(Activation.hardsigmoid, x, y, i, end, param); break;
    case Activation.mish: i = map_1(Activation.mish, x, y, i, end, param); break;
    case Activation.softplus: i = map_1(Activation.softplus, x, y, i, end, param); break;
  }
  for (; i < end; i += 16) {
    const count = <i32>((end - i) >> 2);
    if (count < 4) store_part(y + i, activation_v128(activation, load_part(x + i, count, 0), param), count);
    else v128.store(y + i, activation_v128(activation, v128.load(x + i), param));
  }
}

export function f32_activation(r: ActivationRecord, part: i32, parts: i32): void {
  const begin = <usize>range_begin(r.n, 16, part, parts) << 2, end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  activation_run(r.activation, r.x, r.y, begin, end, r.param);
}

/** dy * act'(source); for ReLU dy where y > 0 and otherwise 0, whatever dy is. */
// @ts-ignore: decorator
@inline
function factor(code: i32, dy: v128, source: v128, param: f32): v128 {
  if (code == Activation.relu) return v128.andnot(dy, f32x4.le(source, f32x4.splat(0)));
  return f32x4.mul(dy, activation_dx_of(code, source, param));
}

// @ts-ignore: decorator
@inline
function map_dx_4(code: i32, dy: usize, source: usize, dx: usize, i: usize, end: usize, param: f32): usize {
  for (; i + 64 <= end; i += 64) {
    const g0 = factor(code, v128.load(dy + i), v128.load(source + i), param);
    const g1 = factor(code, v128.load(dy + i, 16), v128.load(source + i, 16), param);
    const g2 = factor(code, v128.load(dy + i, 32), v128.load(source + i, 32), param);
    const g3 = factor(code, v128.load(dy + i, 48), v128.load(source + i, 48), param);
    v128.store(dx + i, g0);
    v128.store(dx + i, g1, 16);
    v128.store(dx + i, g2, 32);
    v128.store(dx + i, g3, 48);
  }
  return i;
}

// @ts-ignore: decorator
@inline
function map_dx_1(code: i32, dy: usize, source: usize, dx: usize, i: usize, end: usize, param: f32): usize {
  for (; i + 16 <= end; i += 16) {
    v128.store(dx + i, f32x4.mul(activation_dx_of(code, v128.load(source + i), param), v128.load(dy + i)));
  }
  return i;
}

/** dx = dy * act'(source), with source as in activation_dx_of, bytes [i, end) of all. */
function activation_dx_run(activation: i32, dy: usize, source: usize, dx: usize, i: usize, end: usize,
  param: f32): void {
  if (activation == Activation.relu) i = map_dx_4(Activation.relu, dy, source, dx, i, end, param);
  else if (FURTHER) switch (activation) {
    case Activation.leaky_relu: i = map_dx_1(Activation.leaky_relu, dy, source, dx, i, end, param); break;
    case Activation.sigmoid: i = map_dx_1(Activation.sigmoid, dy, source, dx, i, end, param); break;
    case Activation.tanh: i = map_dx_1(Activation.tanh, dy, source, dx, i, end, param); break;
    case Activation.elu: i = map_dx_1(Activation.elu, dy, source, dx, i, end, param); break;
    case Activation.hardswish: i = map_dx_1(Activation.hardswish, dy, source, dx, i, end, param); break;
    case Activation.gelu: i = map_dx_1(Activation.gelu, dy, source, dx, i, end, param); break;
    case Activation.gelu_tanh: i = map_dx_1(Activation.gelu_tanh, dy, source, dx, i, end, param); break;
    case Activation.silu: i = map_dx_1(Activation.silu, dy, source, dx, i, end, param); break;
    case Activation.relu6: i = map_dx_4(Activation.relu6, dy, source, dx, i, end, param); break;
    case Activation.hardsigmoid: i = map_dx_1(Activation.hardsigmoid, dy, source, dx, i, end, param); break;
    case Activation.mish: i = map_dx_1(Activation.mish, dy, source, dx, i, end, param); break;
    case Activation.softplus: i = map_dx_1(Activation.softplus, dy, source, dx, i, end, param); break;
  }
  for (; i < end; i += 16) {
    const count = <i32>((end - i) >> 2), part = count < 4;
    const g = part ? load_part(dy + i, count, 0) : v128.load(dy + i);
    const s = part ? load_part(source + i, count, 0) : v128.load(source + i);
    const result = activation == Activation.relu ? factor(Activation.relu, g, s, param)
      : f32x4.mul(g, activation_dx_v128(activation, s, param));
    if (part) store_part(dx + i, result, count);
    else v128.store(dx + i, result);
  }
}

export function f32_activation_dx(r: ActivationDxRecord, part: i32, parts: i32): void {
  const begin = <usize>range_begin(r.n, 16, part, parts) << 2, end = <usize>range_begin(r.n, 16, part + 1, parts) << 2;
  activation_dx_run(r.activation, r.dy, r.source, r.dx, begin, end, r.param);
}

/** What follows a product, of n sums at `sums` (their bias among them) that stand side by side `at` bytes into y. */
export function finish_run(sums: usize, at: usize, n: i32, e: Epilogue): void {
  const activation = e.activation, y = e.y + at, bytes = <usize>n << 2;
  if (e.residual) add_run(sums, e.residual + at, sums, 0, bytes, Activation.none, 0);
  if (TRAINING && activation >= Activation.gradient) {
    activation_dx_run(activation - Activation.gradient, sums, e.source + at, y, 0, bytes, e.param);
  } else activation_run(activation, sums, y, 0, bytes, e.param);
}
