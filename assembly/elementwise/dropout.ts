import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_dropout(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const group = i32_arg(r, 3);
  const p = f32_arg(r, 4);
  const stream = i32_arg(r, 5);
  const rng = ptr_arg(r, 6);
  unreachable();
}
