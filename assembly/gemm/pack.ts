import { i32_arg, ptr_arg } from "../record";

export function f32_pack_b(r: usize, thread: i32, threads: i32): void {
  const src = ptr_arg(r, 0);
  const dst = ptr_arg(r, 1);
  const k = i32_arg(r, 2);
  const n = i32_arg(r, 3);
  const ld = i32_arg(r, 4);
  const transposed = i32_arg(r, 5);
  unreachable();
}
