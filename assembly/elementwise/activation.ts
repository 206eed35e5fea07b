import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_activation(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const activation = i32_arg(r, 3);
  const param = f32_arg(r, 4);
  unreachable();
}

export function f32_activation_dx(r: usize, thread: i32, threads: i32): void {
  const dy = ptr_arg(r, 0);
  const source = ptr_arg(r, 1);
  const dx = ptr_arg(r, 2);
  const n = i32_arg(r, 3);
  const activation = i32_arg(r, 4);
  const param = f32_arg(r, 5);
  unreachable();
}
