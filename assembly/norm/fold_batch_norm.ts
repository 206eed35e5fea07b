// BatchNorm with fixed statistics behind a product of matrices is part of the product:
//   ((W x + b) - mean) * rstd * gamma + beta = (s W) x + (b - mean) s + beta,  s = rstd * gamma
import { i32_arg, ptr_arg } from "../record";

/** w and folded: [rows][cols], one row for each output channel; gamma, beta and bias may be 0 (1, 0 and 0 then). */
export function f32_fold_batch_norm(r: usize, thread: i32, threads: i32): void {
  const w = ptr_arg(r, 0);
  const mean = ptr_arg(r, 1);
  const rstd = ptr_arg(r, 2);
  const gamma = ptr_arg(r, 3);
  const beta = ptr_arg(r, 4);
  const bias = ptr_arg(r, 5);
  const folded = ptr_arg(r, 6);
  const foldedBias = ptr_arg(r, 7);
  const rows = i32_arg(r, 8);
  const cols = i32_arg(r, 9);
  for (let i = thread; i < rows; i += threads) {
    const at = <usize>i << 2;
    let scale = load<f32>(rstd + at);
    if (gamma) scale *= load<f32>(gamma + at);
    const old: f32 = bias ? load<f32>(bias + at) : 0;
    const shift: f32 = beta ? load<f32>(beta + at) : 0;
    store<f32>(foldedBias + at, (old - load<f32>(mean + at)) * scale + shift);
    const scales = f32x4.splat(scale);
    let from = w + at * cols, to = folded + at * cols;
    let n = cols;
    for (; n >= 4; n -= 4, from += 16, to += 16) v128.store(to, f32x4.mul(v128.load(from), scales));
    for (; n > 0; --n, from += 4, to += 4) store<f32>(to, load<f32>(from) * scale);
  }
}
