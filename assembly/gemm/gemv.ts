import { f32_arg, i32_arg, ptr_arg } from "../record";

export function f32_gemv(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const ldw = i32_arg(r, 1);
  const x = ptr_arg(r, 2);
  const ldx = i32_arg(r, 3);
  const y = ptr_arg(r, 4);
  const ldy = i32_arg(r, 5);
  const m = i32_arg(r, 6);
  const n = i32_arg(r, 7);
  const k = i32_arg(r, 8);
  const bias = ptr_arg(r, 9);
  const residual = ptr_arg(r, 10);
  const ldr = i32_arg(r, 11);
  const activation = i32_arg(r, 12);
  const param = f32_arg(r, 13);
  const source = ptr_arg(r, 14);
  const lds = i32_arg(r, 15);
  unreachable();
}
