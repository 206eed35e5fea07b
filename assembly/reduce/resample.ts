// A sparse matrix along an axis: resizing, gathering, padding by what is there, running sums, and the gradients of all.
import { ResampleRecord } from "../generated/records";
import { at_most_4, store_4 } from "../range";

/**
 * y[o][row][j] = sum of weight x[o][index][j] over the entries of the row. The record's fields are followed by the
 * matrix: where the entries of each row begin, and of the last end, then each entry's index and weight.
 */
export function f32_resample(r: ResampleRecord, part: i32, parts: i32): void {
  const inner = r.inner, rows = r.rows, items = r.outer * rows;
  const starts = changetype<usize>(r) + offsetof<ResampleRecord>();
  const entries = starts + (<usize>(rows + 1) << 2);
  const stride = <usize>inner << 2;
  for (let item = <i32>(<i64>items * part / parts), end = <i32>(<i64>items * (part + 1) / parts); item < end; item++) {
    const row = starts + (<usize>(item % rows) << 2);
    const first = entries + (<usize>load<u32>(row) << 3), last = entries + (<usize>load<u32>(row, 4) << 3);
    const x = r.x + <usize>(item / rows) * r.size * stride;
    let y = r.y + <usize>item * stride;
    for (let j = 0; j < inner; j += 4, y += 16) {
      const count = inner - j;
      let sum = f32x4.splat(0);
      for (let entry = first; entry < last; entry += 8) {
        const at = x + <usize>load<u32>(entry) * stride + (<usize>j << 2);
        sum = f32x4.add(sum, f32x4.mul(at_most_4(at, count, 0), v128.load32_splat(entry, 4)));
      }
      store_4(y, sum, count, count < 4);
    }
  }
}
