// Kernel indices, in the order of `KERNELS` in src/program/abi.ts; a test holds the two against each other.
export const enum Kernel {
  f32_pack_b,
  f32_gemm,
  f32_gemv,
  f32_activation,
  f32_activation_dx,
  f32_add,
  f32_copy,
  f32_dropout,
  f32_column_sum,
  f32_softmax,
  f32_softmax_dx,
  f32_cross_entropy,
  f32_cross_entropy_dx,
  f32_regression_loss,
  f32_regression_loss_dx,
  f32_layer_norm,
  f32_layer_norm_dx,
  f32_layer_norm_dw,
  f32_batch_norm_stats,
  f32_batch_norm_rstd,
  f32_batch_norm,
  f32_batch_norm_dw,
  f32_batch_norm_dx,
  f32_batch_norm_update,
  f32_grad_norm,
  f32_sgd,
  f32_adam,
  f32_ema,
  f32_conv2d_pack,
  f32_conv2d,
  f32_conv2d_dw,
  f32_winograd_f4x3_filter,
  f32_conv2d_winograd_f4x3,
  f32_fold_batch_norm,
  f32_scale_channels,
  f32_scale_channels_dw,
  f32_transpose,
  f32_conv2d_winograd_f4x3_dw,
  guard,
}

export const enum Activation {
  none, relu, leaky_relu, gelu, gelu_tanh, silu, sigmoid, tanh, elu, hardswish,
  gradient = 16, // added in a GEMM epilogue: multiply by the derivative at `source`
}

export const enum RegressionLoss { mse, bce_with_logits, huber }
