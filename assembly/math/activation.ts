// All activations and their derivatives, one vector at a time. Elementwise kernels and GEMM epilogues share them.
import { Activation } from "../generated/records";
import { fma, ONE, relu_v128 } from "../simd";
import { expm1_negative_v128, exp_v128 } from "./exp";
import { log1p_v128 } from "./log";
import { x_normal_cdf, x_normal_cdf_dx } from "./normal";
import { even_gate_v128, gate_inverse_v128, gate_v128, sigmoid_v128, tanh_v128 } from "./tanh";

// @ts-ignore: decorator
@inline
const SCALE: f32 = 1.5957691216057308; // 2 sqrt(2 / pi)
// @ts-ignore: decorator
@inline
const CUBIC: f32 = 0.044715;
export let GELU_SCALE: v128 = f32x4.splat(SCALE);
export let GELU_CUBIC: v128 = f32x4.splat(CUBIC);
export let GELU_SLOPE: v128 = f32x4.splat(3 * CUBIC * SCALE);

/** x > 0 ? x : x * slope. */
// @ts-ignore: decorator
@inline
function leaky_relu(x: v128, slope: f32): v128 {
  return v128.bitselect(x, f32x4.mul(x, f32x4.splat(slope)), f32x4.gt(x, f32x4.splat(0)));
}

/** x > 0 ? x : alpha (e^x - 1). */
function elu(x: v128, alpha: f32): v128 {
  const zero = f32x4.splat(0);
  const below = f32x4.mul(expm1_negative_v128(f32x4.pmin(x, zero)), f32x4.splat(alpha));
  return v128.bitselect(x, below, f32x4.gt(x, zero));
}

/** x Phi(x), Phi(x) the probability that a normal variable is below x (Hendrycks & Gimpel 2016). */
// @ts-ignore: decorator
@inline
function gelu(x: v128): v128 {
  return x_normal_cdf(x);
}

/** The sigmoid s with gelu_tanh(x) = x s: (1 + tanh u) / 2 = sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3). */
// @ts-ignore: decorator
@inline
function gelu_tanh_gate(x: v128, squared: v128): v128 {
  return even_gate_v128(f32x4.mul(fma(f32x4.mul(squared, GELU_CUBIC), x, x), GELU_SCALE));
}

function gelu_tanh(x: v128): v128 {
  return f32x4.mul(x, gelu_tanh_gate(x, f32x4.mul(x, x)));
}

/** x sigmoid(x). */
// @ts-ignore: decorator
@inline
function silu(x: v128): v128 {
  return f32x4.div(x, gate_inverse_v128(x));
}

/** x clamp(x + 3, 0, 6) / 6. */
// @ts-ignore: decorator
@inline
function hardswish(x: v128): v128 {
  const three = f32x4.splat(3);
  const gate = f32x4.pmin(relu_v128(f32x4.add(x, three)), f32x4.splat(6));
  return f32x4.div(f32x4.mul(x, gate), f32x4.splat(6));
}

/** clamp(x, 0, 6); both bounds let NaN through. */
// @ts-ignore: decorator
@inline
function relu6(x: v128): v128 {
  return f32x4.pmin(relu_v128(x), f32x4.splat(6));
}

/** clamp(x + 3, 0, 6) / 6. */
// @ts-ignore: decorator
@inline
function hardsigmoid(x: v128): v128 {
  return f32x4.div(relu6(f32x4.add(x, f32x4.splat(3))), f32x4.splat(6));
}

/** e^x up to x = 20, from where on 1 + 2 e^-x is 1 and the formulas of Mish are at their limits. */
// @ts-ignore: decorator
@inline
function mish_exp(x: v128): v128 {
  return exp_v128(f32x4.pmin(x, f32x4.splat(20)));
}

/** x tanh(ln(1 + e^x)) (Misra 2019, arXiv:1908.08681) = x n / (n + 2) with n = e^x (e^x + 2). */
function mish(x: v128): v128 {
  const e = mish_exp(x), two = f32x4.splat(2);
  const n = f32x4.mul(e, f32x4.add(e, two));
  return f32x4.mul(x, f32x4.div(n, f32x4.add(n, two)));
}

/** ln(1 + e^(beta x)) / beta = (max(z, 0) + ln(1 + e^-|z|)) / beta with z = beta x. */
function softplus(x: v128, beta: f32): v128 {
  const z = f32x4.mul(x, f32x4.splat(beta));
  const rest = log1p_v128(exp_v128(f32x4.neg(f32x4.abs(z))));
  return f32x4.div(f32x4.add(relu_v128(z), rest), f32x4.splat(beta));
}

/**
 * The activation `code`; builds without FURTHER have ReLU alone. `param` is the slope of leaky ReLU, the alpha of ELU
 * and the beta of softplus. With a constant code this becomes the one formula, or the call of it where it is long.
 */
// @ts-ignore: decorator
@inline
export function activation_of(code: i32, x: v128, param: f32): v128 {
  // Assignments, not early returns: from those Binaryen makes code that computes every branch and then chooses.
  let y = x;
  if (code == Activation.relu) y = relu_v128(x);
  else if (!FURTHER) {
    if (code != Activation.none) unreachable();
  } else if (code == Activation.leaky_relu) y = leaky_relu(x, param);
  else if (code == Activation.gelu) y = gelu(x);
  else if (code == Activation.gelu_tanh) y = gelu_tanh(x);
  else if (code == Activation.silu) y = silu(x);
  else if (code == Activation.sigmoid) y = sigmoid_v128(x);
  else if (code == Activation.tanh) y = tanh_v128(x);
  else if (code == Activation.elu) y = elu(x, param);
  else if (code == Activation.hardswish) y = hardswish(x);
  else if (code == Activation.relu6) y = relu6(x);
  else if (code == Activation.hardsigmoid) y = hardsigmoid(x);
  else if (code == Activation.mish) y = mish(x);
  else if (code == Activation.softplus) y = softplus(x, param);
  return y;
}

/** The same for codes that are known at run time only. */
export function activation_v128(code: i32, x: v128, param: f32): v128 {
  return activation_of(code, x, param);
}

/** 1 where y > 0 or y is NaN, otherwise 0. */
// @ts-ignore: decorator
@inline
function relu_dx(y: v128): v128 {
  return v128.andnot(f32x4.splat(1), f32x4.le(y, f32x4.splat(0)));
}

/** The derivative of GELU. */
function gelu_dx(x: v128): v128 {
  return x_normal_cdf_dx(x);
}

/** With s = sigmoid(z): d/dx x s = s + x s (1 - s) z', z' = 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2). */
function gelu_tanh_dx(x: v128): v128 {
  const squared = f32x4.mul(x, x);
  const s = gelu_tanh_gate(x, squared);
  const slope = fma(squared, GELU_SLOPE, GELU_SCALE);
  const inner = f32x4.mul(f32x4.mul(x, f32x4.sub(ONE, s)), slope);
  return fma(s, inner, s);
}

/** With s = sigmoid(x): d/dx x s = s (1 + x (1 - s)). */
function silu_dx(x: v128): v128 {
  const s = gate_v128(x);
  return f32x4.mul(s, fma(x, f32x4.sub(ONE, s), ONE));
}

/** 0 up to -3, 1 from 3 on, x / 3 + 1 / 2 between (which PyTorch 1.13 takes at exactly -3 and 3 too). */
// @ts-ignore: decorator
@inline
function hardswish_dx(x: v128): v128 {
  const between = fma(x, f32x4.splat(1.0 / 3.0), f32x4.splat(0.5));
  const inside = v128.andnot(between, f32x4.le(x, f32x4.splat(-3)));
  return v128.bitselect(f32x4.splat(1), inside, f32x4.ge(x, f32x4.splat(3)));
}

/** `slope` where 0 < y < top or y is NaN, otherwise 0. */
// @ts-ignore: decorator
@inline
function between_dx(y: v128, top: f32, slope: f32): v128 {
  const outside = v128.or(f32x4.le(y, f32x4.splat(0)), f32x4.ge(y, f32x4.splat(top)));
  return v128.andnot(f32x4.splat(slope), outside);
}

/**
 * With t = n / (n + 2): d/dx x t = t + x (1 - t^2) sigmoid(x), where (1 - t^2) sigmoid(x) is
 * 4 e^x (1 + e^x) / (n + 2)^2.
 */
function mish_dx(x: v128): v128 {
  const e = mish_exp(x), one = f32x4.splat(1), two = f32x4.splat(2);
  const n = f32x4.mul(e, f32x4.add(e, two)), below = f32x4.add(n, two);
  const slope = f32x4.div(f32x4.mul(f32x4.mul(e, f32x4.splat(4)), f32x4.add(e, one)), f32x4.mul(below, below));
  return fma(f32x4.pmin(x, f32x4.splat(20)), slope, f32x4.div(n, below));
}

/**
 * The derivative of the activation `code`. `source` is the activation's output for relu, leaky_relu, sigmoid, tanh, elu
 * (param >= 0), relu6 and hardsigmoid, and its input for gelu, gelu_tanh, silu, hardswish, mish and softplus.
 */
// @ts-ignore: decorator
@inline
export function activation_dx_of(code: i32, source: v128, param: f32): v128 {
  const one = f32x4.splat(1);
  let d = one;
  if (code == Activation.relu) d = relu_dx(source);
  else if (!FURTHER) {
    if (code != Activation.none) unreachable();
  } else if (code == Activation.leaky_relu) {
    d = v128.bitselect(one, f32x4.splat(param), f32x4.gt(source, f32x4.splat(0)));
  } else if (code == Activation.gelu) d = gelu_dx(source);
  else if (code == Activation.gelu_tanh) d = gelu_tanh_dx(source);
  else if (code == Activation.silu) d = silu_dx(source);
  else if (code == Activation.sigmoid) d = f32x4.mul(source, f32x4.sub(one, source));
  else if (code == Activation.tanh) d = f32x4.sub(one, f32x4.mul(source, source));
  // ELU: y = alpha (e^x - 1) below 0, so y' = alpha e^x = y + alpha.
  else if (code == Activation.elu) {
    d = v128.bitselect(one, f32x4.add(source, f32x4.splat(param)), f32x4.gt(source, f32x4.splat(0)));
  } else if (code == Activation.hardswish) d = hardswish_dx(source);
  else if (code == Activation.relu6) d = between_dx(source, 6, 1);
  else if (code == Activation.hardsigmoid) d = between_dx(source, 1, 1.0 / 6.0);
  else if (code == Activation.mish) d = mish_dx(source);
  else if (code == Activation.softplus) d = sigmoid_v128(f32x4.mul(source, f32x4.splat(param)));
  return d;
}

/** The same for codes that are known at run time only. */
export function activation_dx_v128(code: i32, source: v128, param: f32): v128 {
  return activation_dx_of(code, source, param);
}
