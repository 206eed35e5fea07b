import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_sgd(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const g = ptr_arg(r, 1);
  const v = ptr_arg(r, 2);
  const n = i32_arg(r, 3);
  const lr = ptr_arg(r, 4);
  const lrScale = f32_arg(r, 5);
  const momentum = f32_arg(r, 6);
  const dampening = ptr_arg(r, 7);
  const weightDecay = f32_arg(r, 8);
  const nesterov = i32_arg(r, 9);
  const scale = ptr_arg(r, 10);
  unreachable();
}
