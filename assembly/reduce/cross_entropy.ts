import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_cross_entropy(r: usize, thread: i32, threads: i32): void {
  const logits = ptr_arg(r, 0);
  const target = ptr_arg(r, 1);
  const rows = i32_arg(r, 2);
  const cols = i32_arg(r, 3);
  const probabilities = i32_arg(r, 4);
  const smoothing = f32_arg(r, 5);
  const lse = ptr_arg(r, 6);
  const loss = ptr_arg(r, 7);
  const partial = ptr_arg(r, 8);
  unreachable();
}

export function f32_cross_entropy_dx(r: usize, thread: i32, threads: i32): void {
  const logits = ptr_arg(r, 0);
  const target = ptr_arg(r, 1);
  const lse = ptr_arg(r, 2);
  const dx = ptr_arg(r, 3);
  const rows = i32_arg(r, 4);
  const cols = i32_arg(r, 5);
  const probabilities = i32_arg(r, 6);
  const smoothing = f32_arg(r, 7);
  unreachable();
}
