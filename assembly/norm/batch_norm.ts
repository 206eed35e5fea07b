import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_batch_norm_stats(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const mean = ptr_arg(r, 1);
  const variance = ptr_arg(r, 2);
  const rstd = ptr_arg(r, 3);
  const rows = i32_arg(r, 4);
  const channels = i32_arg(r, 5);
  const eps = f32_arg(r, 6);
  const partial = ptr_arg(r, 7);
  unreachable();
}

export function f32_batch_norm_rstd(r: usize, thread: i32, threads: i32): void {
  const variance = ptr_arg(r, 0);
  const rstd = ptr_arg(r, 1);
  const channels = i32_arg(r, 2);
  const eps = f32_arg(r, 3);
  unreachable();
}

export function f32_batch_norm(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const mean = ptr_arg(r, 1);
  const rstd = ptr_arg(r, 2);
  const gamma = ptr_arg(r, 3);
  const beta = ptr_arg(r, 4);
  const residual = ptr_arg(r, 5);
  const y = ptr_arg(r, 6);
  const rows = i32_arg(r, 7);
  const channels = i32_arg(r, 8);
  const activation = i32_arg(r, 9);
  const param = f32_arg(r, 10);
  unreachable();
}

export function f32_batch_norm_dw(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const mean = ptr_arg(r, 2);
  const rstd = ptr_arg(r, 3);
  const dgamma = ptr_arg(r, 4);
  const dbeta = ptr_arg(r, 5);
  const rows = i32_arg(r, 6);
  const channels = i32_arg(r, 7);
  const mask = i32_arg(r, 8);
  const gamma = ptr_arg(r, 9);
  const beta = ptr_arg(r, 10);
  const y = ptr_arg(r, 11);
  const partial = ptr_arg(r, 12);
  unreachable();
}

export function f32_batch_norm_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const mean = ptr_arg(r, 2);
  const rstd = ptr_arg(r, 3);
  const gamma = ptr_arg(r, 4);
  const beta = ptr_arg(r, 5);
  const dgamma = ptr_arg(r, 6);
  const dbeta = ptr_arg(r, 7);
  const dx = ptr_arg(r, 8);
  const rows = i32_arg(r, 9);
  const channels = i32_arg(r, 10);
  const mask = i32_arg(r, 11);
  const y = ptr_arg(r, 12);
  const dresidual = ptr_arg(r, 13);
  unreachable();
}

export function f32_batch_norm_update(r: usize, thread: i32, threads: i32): void {
  const mean = ptr_arg(r, 0);
  const variance = ptr_arg(r, 1);
  const runningMean = ptr_arg(r, 2);
  const runningVar = ptr_arg(r, 3);
  const rows = i32_arg(r, 4);
  const channels = i32_arg(r, 5);
  const momentum = f32_arg(r, 6);
  unreachable();
}
