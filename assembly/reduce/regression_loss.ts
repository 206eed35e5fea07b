import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_regression_loss(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const target = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const kind = i32_arg(r, 3);
  const param = f32_arg(r, 4);
  const loss = ptr_arg(r, 5);
  const partial = ptr_arg(r, 6);
  unreachable();
}

export function f32_regression_loss_dx(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const target = ptr_arg(r, 1);
  const dx = ptr_arg(r, 2);
  const n = i32_arg(r, 3);
  const kind = i32_arg(r, 4);
  const param = f32_arg(r, 5);
  unreachable();
}
