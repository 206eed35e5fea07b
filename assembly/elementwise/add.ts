import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_add(r: usize, thread: i32, threads: i32): void {
  const a = ptr_arg(r, 0);
  const b = ptr_arg(r, 1);
  const y = ptr_arg(r, 2);
  const n = i32_arg(r, 3);
  const activation = i32_arg(r, 4);
  const param = f32_arg(r, 5);
  unreachable();
}

export function f32_copy(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  unreachable();
}
