import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_ema(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const ema = ptr_arg(r, 1);
  const n = i32_arg(r, 2);
  const decay = f32_arg(r, 3);
  unreachable();
}
