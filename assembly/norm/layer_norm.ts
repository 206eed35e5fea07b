import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_layer_norm(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const gamma = ptr_arg(r, 1);
  const beta = ptr_arg(r, 2);
  const y = ptr_arg(r, 3);
  const mean = ptr_arg(r, 4);
  const rstd = ptr_arg(r, 5);
  const rows = i32_arg(r, 6);
  const cols = i32_arg(r, 7);
  const eps = f32_arg(r, 8);
  unreachable();
}

export function f32_layer_norm_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const gamma = ptr_arg(r, 2);
  const mean = ptr_arg(r, 3);
  const rstd = ptr_arg(r, 4);
  const dx = ptr_arg(r, 5);
  const rows = i32_arg(r, 6);
  const cols = i32_arg(r, 7);
  unreachable();
}

export function f32_layer_norm_dw(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const x = ptr_arg(r, 1);
  const mean = ptr_arg(r, 2);
  const rstd = ptr_arg(r, 3);
  const dgamma = ptr_arg(r, 4);
  const dbeta = ptr_arg(r, 5);
  const rows = i32_arg(r, 6);
  const cols = i32_arg(r, 7);
  const partial = ptr_arg(r, 8);
  unreachable();
}
