/** Codes that stand in records. */

/**
 * Activation codes; those after relu need kernels of the group "further". `param` is the
 * negative slope of leakyRelu, the alpha of elu and the beta of softplus.
 */
export const ACTIVATIONS = {
  none: 0,
  relu: 1,
  leakyRelu: 2,
  gelu: 3,
  geluTanh: 4,
  silu: 5,
  sigmoid: 6,
  tanh: 7,
  elu: 8,
  hardswish: 9,
  relu6: 10,
  hardsigmoid: 11,
  mish: 12,
  softplus: 13,
} as const;
export type ActivationName = keyof typeof ACTIVATIONS;

/** Added to an activation code in a GEMM epilogue: multiply by the derivative taken at `source` instead. */
export const ACTIVATION_GRADIENT = 16;

/**
 * Codes of `f32_unary`, functions of x with the parameters p and q: p x + q; p x^q; x between p and q; 1 where p <= x <= q
 * and where x > p. `inverseRoot` is p / sqrt(x), but 0 at 0, what norms take for the derivative of their root.
 */
export const UNARY = {
  affine: 0,
  power: 1,
  abs: 2,
  sign: 3,
  floor: 4,
  ceil: 5,
  round: 6,
  exp: 7,
  log: 8,
  erf: 9,
  clamp: 10,
  inside: 11,
  above: 12,
  sin: 13,
  cos: 14,
  tan: 15,
  asin: 16,
  acos: 17,
  atan: 18,
  sinh: 19,
  cosh: 20,
  asinh: 21,
  acosh: 22,
  atanh: 23,
  root: 24,
  inverseRoot: 25,
} as const;

/** Codes of `f32_binary`; those with `Da` and `Db` are partial derivatives. */
export const BINARY = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  max: 4,
  min: 5,
  pow: 6,
  prelu: 7,
  equal: 8,
  less: 9,
  lessOrEqual: 10,
  fmod: 11,
  maxDa: 12,
  divDb: 13,
  powDa: 14,
  powDb: 15,
  preluDa: 16,
  preluDb: 17,
} as const;

/** Codes of `f32_reduce`; `dot` sums products of two operands. Those from `product` on go number by number. */
export const REDUCTIONS = {
  sum: 0,
  sumAbs: 1,
  sumSquares: 2,
  dot: 3,
  max: 4,
  min: 5,
  product: 6,
  argMax: 7,
  argMin: 8,
  argMaxLast: 9,
  argMinLast: 10,
} as const;

/** Codes of `f32_regression_loss`; `param` is the delta of huber. */
export const REGRESSION_LOSSES = { mse: 0, bceWithLogits: 1, huber: 2 } as const;
