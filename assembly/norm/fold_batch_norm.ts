// BatchNorm with fixed statistics after a product of matrices is part of the product:
//   ((W x + b) - mean) * rstd * gamma + beta = (s W) x + (b - mean) s + beta,  s = rstd * gamma
import { FoldBatchNormRecord } from "../generated/records";

/** w and folded: [rows][cols], one row for each output channel; gamma, beta and bias may be 0 (1, 0 and 0 then). */
export function f32_fold_batch_norm(r: FoldBatchNormRecord, part: i32, parts: i32): void {
  const w = r.w, mean = r.mean, rstd = r.rstd, gamma = r.gamma, beta = r.beta, bias = r.bias;
  const folded = r.folded, foldedBias = r.foldedBias, rows = r.rows, cols = r.cols;
  for (let i = part; i < rows; i += parts) {
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
    for (; n > 0; n--, from += 4, to += 4) store<f32>(to, load<f32>(from) * scale);
  }
}
