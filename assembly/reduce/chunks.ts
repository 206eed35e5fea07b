// Sums over many rows, the same for any number of threads: rows are cut into chunks whose number depends on the shape
// alone, every chunk leaves float64 sums in `partial`, and after a barrier the chunks are added in their order.
// src/abi/partials.ts decides how they are cut.
//
// Inside a chunk eight rows at a time are added in float32, and these short sums into float64: nearly the accuracy of
// float64 at a quarter of its conversions.

/** x0 + x1 and x2 + x3, in float64: half of the sum of a float32 vector. */
// @ts-ignore: decorator
@inline
export function widen(x: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1)));
}

// @ts-ignore: decorator
@inline
export function sum_f64_lanes(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** sums[0..4) += x, sums being float64. */
// @ts-ignore: decorator
@inline
export function accumulate(sums: usize, x: v128): void {
  const high = v128.shuffle<i32>(x, x, 2, 3, 0, 1);
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(x)));
  v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** The sum over all chunks of the float64 at `at`; chunks stand `stride` bytes apart. */
export function sum_chunks(at: usize, stride: usize, chunks: i32): f64 {
  let sum: f64 = 0;
  for (; chunks > 0; chunks--) {
    sum += load<f64>(at);
    at += stride;
  }
  return sum;
}
