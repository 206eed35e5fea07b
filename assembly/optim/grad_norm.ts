import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_grad_norm(r: usize, thread: i32, threads: i32): void {
  const g = ptr_arg(r, 0);
  const n = i32_arg(r, 1);
  const maxNorm = f32_arg(r, 2);
  const norm = ptr_arg(r, 3);
  const scale = ptr_arg(r, 4);
  const loss = ptr_arg(r, 5);
  const status = ptr_arg(r, 6);
  const partial = ptr_arg(r, 7);
  unreachable();
}
