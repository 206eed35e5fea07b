// The interpreter: one call runs a whole step. A program is a run of records, each
//   [kernel index, words in the record, argument 0, argument 1, ...]        (32-bit words)
// All threads walk the same records and meet at a barrier behind each of them.
import { Kernel } from "./abi";
import { ITEMS } from "./range";
import { announce, await_job, claim, job_begin, job_end, sync } from "./sync";
import { ptr_arg } from "./record";
import { f32_pack_b } from "./gemm/pack";
import { f32_gemm } from "./gemm/gemm";
import { f32_gemv } from "./gemm/gemv";
import { f32_activation, f32_activation_dx } from "./elementwise/activation";
import { f32_add } from "./elementwise/add";
import { f32_dropout } from "./elementwise/dropout";
import { f32_column_sum } from "./reduce/column_sum";
import { f32_softmax, f32_softmax_dx } from "./reduce/softmax";
import { f32_cross_entropy, f32_cross_entropy_dx } from "./reduce/cross_entropy";
import { f32_regression_loss, f32_regression_loss_dx } from "./reduce/regression_loss";
import { f32_layer_norm, f32_layer_norm_dx, f32_layer_norm_dw } from "./norm/layer_norm";
import { f32_batch_norm_stats, f32_batch_norm_rstd, f32_batch_norm, f32_batch_norm_dw, f32_batch_norm_dx, f32_batch_norm_update } from "./norm/batch_norm";
import { f32_grad_norm } from "./optim/grad_norm";
import { f32_sgd } from "./optim/sgd";
import { f32_adam } from "./optim/adam";
import { f32_ema } from "./optim/ema";
import { f32_conv2d_pack } from "./conv/pack";
import { f32_conv2d } from "./conv/conv2d";
import { f32_conv2d_dw } from "./conv/conv2d_dw";
import { f32_winograd_f4x3_filter } from "./conv/winograd_filter";
import { f32_conv2d_winograd_f4x3 } from "./conv/conv2d_winograd";
import { f32_conv2d_winograd_f4x3_dw } from "./conv/conv2d_winograd_dw";
import { f32_dwconv, f32_dwconv_dx, f32_dwconv_dw } from "./conv/dwconv";
import { f32_max_pool, f32_max_pool_dx } from "./pool/max_pool";
import { f32_avg_pool, f32_avg_pool_dx, f32_adaptive_avg_pool, f32_adaptive_avg_pool_dx } from "./pool/avg_pool";
import { f32_pad_shortcut, f32_pad_shortcut_dx } from "./pool/pad_shortcut";
import { f32_fold_batch_norm } from "./norm/fold_batch_norm";
import { f32_scale_channels, f32_scale_channels_dw } from "./elementwise/scale_channels";
import { f32_transpose } from "./elementwise/transpose";

/**
 * Runs the records in [begin, end). Every thread of the model calls it with the same program.
 * Returns 0, or the address of the guard record that stopped the program.
 */
export function run(begin: usize, end: usize, thread: i32, threads: i32): usize {
  let r = begin;
  while (r < end) {
    // All reads of a record stand before its barrier: behind the last one the host may put another program here.
    const kernel = load<i32>(r), next = r + (<usize>load<i32>(r, 4) << 2);
    let stop = 0;
    // The status was written before the last barrier and is not written here: all threads decide alike.
    if (kernel == Kernel.guard) stop = load<i32>(ptr_arg(r, 0));
    else dispatch(kernel, r, thread, threads);
    sync(thread, threads);
    if (stop) return r;
    r = next;
  }
  return 0;
}

// The switches for training are left out of the build for inference (TRAINING = 0).

function dispatch(kernel: i32, r: usize, thread: i32, threads: i32): void {
  switch (kernel) {
    // These claim their work item by item: they keep something from one item to the next, or meet at barriers.
    case Kernel.f32_gemm: f32_gemm(r, thread, threads); break;
    case Kernel.f32_gemv: f32_gemv(r, thread, threads); break;
    case Kernel.f32_conv2d: f32_conv2d(r, thread, threads); break;
    case Kernel.f32_winograd_f4x3_filter: f32_winograd_f4x3_filter(r, thread, threads); break;
    case Kernel.f32_conv2d_winograd_f4x3: f32_conv2d_winograd_f4x3(r, thread, threads); break;
    case Kernel.f32_dwconv: f32_dwconv(r, thread, threads); break;
    default:
      if (!TRAINING || !dispatch_training(kernel, r, thread, threads)) dispatch_parts(kernel, r, thread, threads);
  }
}

function dispatch_training(kernel: i32, r: usize, thread: i32, threads: i32): bool {
  switch (kernel) {
    case Kernel.f32_dwconv_dx: f32_dwconv_dx(r, thread, threads); break;
    case Kernel.f32_column_sum: f32_column_sum(r, thread, threads); break;
    case Kernel.f32_cross_entropy: f32_cross_entropy(r, thread, threads); break;
    case Kernel.f32_regression_loss: f32_regression_loss(r, thread, threads); break;
    case Kernel.f32_layer_norm_dw: f32_layer_norm_dw(r, thread, threads); break;
    case Kernel.f32_batch_norm_stats: f32_batch_norm_stats(r, thread, threads); break;
    case Kernel.f32_batch_norm_dw: f32_batch_norm_dw(r, thread, threads); break;
    case Kernel.f32_grad_norm: f32_grad_norm(r, thread, threads); break;
    case Kernel.f32_conv2d_dw: f32_conv2d_dw(r, thread, threads); break;
    case Kernel.f32_conv2d_winograd_f4x3_dw: f32_conv2d_winograd_f4x3_dw(r, thread, threads); break;
    default: return false;
  }
  return true;
}

/** The others can do any part of their work by itself, so that threads claim parts of it. */
function dispatch_parts(kernel: i32, r: usize, thread: i32, threads: i32): void {
  const parts = threads == 1 ? 1 : ITEMS * threads;
  let part = 0;
  while ((part = claim(parts, thread, threads)) >= 0) dispatch_part(kernel, r, part, parts);
}

function dispatch_part(kernel: i32, r: usize, part: i32, parts: i32): void {
  switch (kernel) {
    case Kernel.f32_pack_b: f32_pack_b(r, part, parts); break;
    case Kernel.f32_activation: f32_activation(r, part, parts); break;
    case Kernel.f32_add: f32_add(r, part, parts); break;
    case Kernel.f32_softmax: f32_softmax(r, part, parts); break;
    case Kernel.f32_layer_norm: f32_layer_norm(r, part, parts); break;
    case Kernel.f32_batch_norm_rstd: f32_batch_norm_rstd(r, part, parts); break;
    case Kernel.f32_batch_norm: f32_batch_norm(r, part, parts); break;
    case Kernel.f32_conv2d_pack: f32_conv2d_pack(r, part, parts); break;
    case Kernel.f32_fold_batch_norm: f32_fold_batch_norm(r, part, parts); break;
    case Kernel.f32_scale_channels: f32_scale_channels(r, part, parts); break;
    case Kernel.f32_transpose: f32_transpose(r, part, parts); break;
    case Kernel.f32_max_pool: f32_max_pool(r, part, parts); break;
    case Kernel.f32_avg_pool: f32_avg_pool(r, part, parts); break;
    case Kernel.f32_adaptive_avg_pool: f32_adaptive_avg_pool(r, part, parts); break;
    case Kernel.f32_pad_shortcut: f32_pad_shortcut(r, part, parts); break;
    default:
      if (TRAINING) dispatch_part_training(kernel, r, part, parts);
      else unreachable();
  }
}

function dispatch_part_training(kernel: i32, r: usize, part: i32, parts: i32): void {
  switch (kernel) {
    case Kernel.f32_activation_dx: f32_activation_dx(r, part, parts); break;
    case Kernel.f32_dropout: f32_dropout(r, part, parts); break;
    case Kernel.f32_softmax_dx: f32_softmax_dx(r, part, parts); break;
    case Kernel.f32_cross_entropy_dx: f32_cross_entropy_dx(r, part, parts); break;
    case Kernel.f32_regression_loss_dx: f32_regression_loss_dx(r, part, parts); break;
    case Kernel.f32_layer_norm_dx: f32_layer_norm_dx(r, part, parts); break;
    case Kernel.f32_batch_norm_dx: f32_batch_norm_dx(r, part, parts); break;
    case Kernel.f32_batch_norm_update: f32_batch_norm_update(r, part, parts); break;
    case Kernel.f32_sgd: f32_sgd(r, part, parts); break;
    case Kernel.f32_adam: f32_adam(r, part, parts); break;
    case Kernel.f32_ema: f32_ema(r, part, parts); break;
    case Kernel.f32_scale_channels_dw: f32_scale_channels_dw(r, part, parts); break;
    case Kernel.f32_dwconv_dw: f32_dwconv_dw(r, part, parts); break;
    case Kernel.f32_max_pool_dx: f32_max_pool_dx(r, part, parts); break;
    case Kernel.f32_avg_pool_dx: f32_avg_pool_dx(r, part, parts); break;
    case Kernel.f32_adaptive_avg_pool_dx: f32_adaptive_avg_pool_dx(r, part, parts); break;
    case Kernel.f32_pad_shortcut_dx: f32_pad_shortcut_dx(r, part, parts); break;
    default: unreachable();
  }
}

/** Runs a program with `threads` threads, of which the caller is the first. */
export function submit(begin: usize, end: usize, threads: i32): usize {
  if (threads > 1) announce(begin, end);
  return run(begin, end, 0, threads);
}

/**
 * The life of a worker: runs every program announced after the first `seen`, until told to leave. A model submits with
 * 1 thread (nothing is announced) or with all of its threads, so no worker can miss a program.
 */
export function serve(thread: i32, threads: i32, seen: i32): void {
  while (await_job(seen++)) run(job_begin(), job_end(), thread, threads);
}
