// Weights that a standalone module holds in half precision, expanded when it starts.

/** Bits of the float32 that equals a binary16, subnormals and NaN included. */
// @ts-ignore: decorator
@inline
function float32_bits(half: u32): u32 {
  const sign = (half & 0x8000) << 16, rest = (half & 0x7fff) << 13;
  if ((half & 0x7c00) == 0x7c00) return sign | rest | 0x70000000 | 0x0f800000;
  // Exponents differ by 112. A product with 2^112 moves them, and makes subnormals normal.
  return sign | reinterpret<u32>(reinterpret<f32>(rest) * 5.192296858534828e33);
}

/** y = x, n numbers: x binary16, y float32. */
export function expand_f16(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<u32>(y, float32_bits(load<u16>(x)));
    x += 2;
    y += 4;
  }
}
