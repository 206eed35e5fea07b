// Channels first or last: each of `batch` matrices [rows][cols] is transposed.
import { i32_arg, ptr_arg } from "../record";

/** y[n][j][i] = x[n][i][j]. */
export function f32_transpose(r: usize, thread: i32, threads: i32): void {
  const x = ptr_arg(r, 0);
  const y = ptr_arg(r, 1);
  const batch = i32_arg(r, 2);
  const rows = i32_arg(r, 3);
  const cols = i32_arg(r, 4);
  const size = <usize>rows * cols << 2;
  for (let n = thread; n < batch; n += threads) {
    const from = x + size * n;
    let to = y + size * n;
    for (let j = 0; j < cols; ++j) {
      let at = from + (<usize>j << 2);
      for (let i = 0; i < rows; ++i, at += <usize>cols << 2, to += 4) store<f32>(to, load<f32>(at));
    }
  }
}
