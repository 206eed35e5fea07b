// What moves numbers without computing: slices, concatenation, padding and transpositions are copies between strides.
import { CopyRecord, FillRecord } from "../generated/records";
import { range_begin } from "../range";

/** y[i0 y0 + i1 y1 + i2 y2 + i3 y3] = x[i0 x0 + i1 x1 + i2 x2 + i3 x3] for all i below n; strides may be negative. */
export function f32_copy(r: CopyRecord, part: i32, parts: i32): void {
  const n1 = r.n1, n2 = r.n2, n3 = r.n3, rows = r.n0 * n1 * n2;
  const xStride = <usize>(<isize>r.x3 << 2), yStride = <usize>(<isize>r.y3 << 2);
  const isRun = r.x3 == 1 && r.y3 == 1;
  for (let row = range_begin(rows, 1, part, parts), end = range_begin(rows, 1, part + 1, parts); row < end; row++) {
    const i2 = row % n2, outer = row / n2, i1 = outer % n1, i0 = outer / n1;
    let from = r.x + <usize>(<isize>(i0 * r.x0 + i1 * r.x1 + i2 * r.x2) << 2);
    let to = r.y + <usize>(<isize>(i0 * r.y0 + i1 * r.y1 + i2 * r.y2) << 2);
    let i = n3;
    if (isRun) for (; i >= 4; i -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
    for (; i > 0; i--, from += xStride, to += yStride) store<f32>(to, load<f32>(from));
  }
}

/** y[i] = value. */
export function f32_fill(r: FillRecord, part: i32, parts: i32): void {
  const y = r.y, n = r.n, value = r.value;
  const vector = f32x4.splat(value);
  let i = range_begin(n, 4, part, parts);
  const end = range_begin(n, 4, part + 1, parts);
  for (; i + 4 <= end; i += 4) v128.store(y + (<usize>i << 2), vector);
  for (; i < end; i++) store<f32>(y + (<usize>i << 2), value);
}
