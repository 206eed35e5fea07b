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

/** Codes of `f32_regression_loss`; `param` is the delta of huber. */
export const REGRESSION_LOSSES = { mse: 0, bceWithLogits: 1, huber: 2 } as const;
