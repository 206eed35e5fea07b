// Channels first or last: each of `batch` matrices [rows][cols] is transposed.
import { TransposeRecord } from "../generated/records";

/** y[n][j][i] = x[n][i][j]. */
export function f32_transpose(r: TransposeRecord, part: i32, parts: i32): void {
  const x = r.x, y = r.y, batch = r.batch, rows = r.rows, cols = r.cols;
  const size = <usize>rows * cols << 2;
  for (let n = part; n < batch; n += parts) {
    const from = x + size * n;
    let to = y + size * n;
    for (let j = 0; j < cols; j++) {
      let at = from + (<usize>j << 2);
      for (let i = 0; i < rows; i++, at += <usize>cols << 2, to += 4) store<f32>(to, load<f32>(at));
    }
  }
}
