import { i32_arg, ptr_arg } from "../record";

export function f32_softmax(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const rows = i32_arg(r, 2);
  const cols = i32_arg(r, 3);
  const log = i32_arg(r, 4);
  unreachable();
}

export function f32_softmax_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const dx = ptr_arg(r, 2);
  const rows = i32_arg(r, 3);
  const cols = i32_arg(r, 4);
  const log = i32_arg(r, 5);
  unreachable();
}
