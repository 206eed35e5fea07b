import { i32_arg, ptr_arg } from "../record";

export function f32_column_sum(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const rows = i32_arg(r, 2);
  const cols = i32_arg(r, 3);
  const partial = ptr_arg(r, 4);
  unreachable();
}
