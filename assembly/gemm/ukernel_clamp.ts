// The largest tile and what follows it in one function. With few products a call for each of the two costs as much as
// the sums do. No arithmetic on the sums while they are in registers, as V8 11 and 12 would spill them in the loop.
import { Epilogue } from "../generated/records";
import { CLAMP, finish_rows } from "./epilogue";
import { PACKED_MR, sum_rows } from "./ukernel";

/** y[row][0..8) = clamp(A B + bias + residual), `at` bytes into y and `column` into the bias, by sums in `tile`. */
export function f32_gemm_ukernel_packed_clamp(a: usize, b: usize, k: i32, tile: usize, at: usize, stride: usize,
  column: usize, e: Epilogue): void {
  sum_rows(PACKED_MR, a, b, k, tile, 32);
  finish_rows(CLAMP, tile, PACKED_MR, at, stride, column, e);
}
