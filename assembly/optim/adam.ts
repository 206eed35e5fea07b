import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_adam(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const g = ptr_arg(r, 1);
  const m = ptr_arg(r, 2);
  const v = ptr_arg(r, 3);
  const n = i32_arg(r, 4);
  const lr = ptr_arg(r, 5);
  const lrScale = f32_arg(r, 6);
  const beta1 = f32_arg(r, 7);
  const beta2 = f32_arg(r, 8);
  const eps = f32_arg(r, 9);
  const weightDecay = f32_arg(r, 10);
  const decoupled = i32_arg(r, 11);
  const correction = ptr_arg(r, 12);
  const scale = ptr_arg(r, 13);
  unreachable();
}
