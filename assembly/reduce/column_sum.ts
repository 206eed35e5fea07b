// Bias gradients: y[j] = sum over i of x[i][j].
import { ColumnSumRecord } from "../generated/records";
import { load_part, range_begin } from "../range";
import { claim, sync } from "../sync";
import { accumulate, sum_chunks } from "./chunks";

/** Adds `rows` rows of `cols` columns to the float64 sums. */
function sum_rows(x: usize, rows: i32, cols: i32, sums: usize): void {
  const stride = <usize>cols << 2;
  const vectors = cols >> 2, rest = cols & 3;
  for (; rows >= 8; rows -= 8) {
    const s2 = stride * 2, s3 = stride * 3, s4 = stride * 4;
    let p = x, q = x + s4, to = sums;
    for (let j = vectors; j > 0; j--) {
      const x01 = f32x4.add(v128.load(p), v128.load(p + stride));
      const x23 = f32x4.add(v128.load(p + s2), v128.load(p + s3));
      const x45 = f32x4.add(v128.load(q), v128.load(q + stride));
      const x67 = f32x4.add(v128.load(q + s2), v128.load(q + s3));
      accumulate(to, f32x4.add(f32x4.add(x01, x23), f32x4.add(x45, x67)));
      p += 16;
      q += 16;
      to += 32;
    }
    if (rest) {
      for (let i = 0; i < 8; i++) {
        accumulate(to, load_part(p, rest, 0));
        p += stride;
      }
    }
    x += stride * 8;
  }
  for (; rows > 0; rows--) {
    let p = x, to = sums;
    for (let j = vectors; j > 0; j--) {
      accumulate(to, v128.load(p));
      p += 16;
      to += 32;
    }
    if (rest) accumulate(to, load_part(p, rest, 0));
    x += stride;
  }
}

/** `partial`: a row of float64 for each chunk, in whole vectors. */
export function f32_column_sum(r: ColumnSumRecord, thread: i32, threads: i32): void {
  const x = r.x, y = r.y, rows = r.rows, cols = r.cols, partial = r.partial;
  const size = r.chunk;
  const chunks = (rows + size - 1) / size;
  const bytes = r.chunkBytes;
  let chunk = 0;
  while ((chunk = claim(chunks, thread, threads)) >= 0) {
    const first = chunk * size;
    const sums = partial + <usize>chunk * bytes;
    memory.fill(sums, 0, bytes);
    sum_rows(x + (<usize>first * cols << 2), min(size, rows - first), cols, sums);
  }
  sync(thread, threads);
  const end = range_begin(cols, 16, thread + 1, threads);
  for (let j = range_begin(cols, 16, thread, threads); j < end; j++) {
    store<f32>(y + (<usize>j << 2), <f32>sum_chunks(partial + (<usize>j << 3), bytes, chunks));
  }
}
