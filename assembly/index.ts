// The module's exports. Kernels are called through `run`; they are exported to keep Binaryen from inlining them.
export { run, submit, serve } from "./run";
export { f32_pack_b } from "./gemm/pack";
export { f32_gemm } from "./gemm/gemm";
export { f32_gemv } from "./gemm/gemv";
export { f32_activation, f32_activation_dx } from "./elementwise/activation";
export { f32_add, f32_copy } from "./elementwise/add";
export { f32_dropout } from "./elementwise/dropout";
export { f32_column_sum } from "./reduce/column_sum";
export { f32_softmax, f32_softmax_dx } from "./reduce/softmax";
export { f32_cross_entropy, f32_cross_entropy_dx } from "./reduce/cross_entropy";
export { f32_regression_loss, f32_regression_loss_dx } from "./reduce/regression_loss";
export { f32_layer_norm, f32_layer_norm_dx, f32_layer_norm_dw } from "./norm/layer_norm";
export { f32_batch_norm_stats, f32_batch_norm_rstd, f32_batch_norm, f32_batch_norm_dw, f32_batch_norm_dx, f32_batch_norm_update } from "./norm/batch_norm";
export { f32_grad_norm } from "./optim/grad_norm";
export { f32_sgd } from "./optim/sgd";
export { f32_adam } from "./optim/adam";
export { f32_ema } from "./optim/ema";
