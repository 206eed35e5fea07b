/**
 * IEEE 754 binary16 and bfloat16 as bit patterns of float32. All on integers, so that NaN payloads survive
 * (engines may rewrite them when a NaN passes through a float variable) and rounding is the same everywhere.
 */

/** Bits of the float32 that equals a binary16. Exact. */
export function float16ToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // Subnormal: mantissa · 2^-24. Shifting its top bit to bit 10 makes it the implicit one.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}

/** The binary16 nearest to a float32, ties to even, overflow to infinity. */
export function float32BitsToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) {
    if (magnitude === 0x7f800000) return sign | 0x7c00;
    return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 0x200);
  }
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520, half way from 65504 to 2^16
  if (magnitude >= 0x38800000) {
    // 2^-14 and above: adding just under half of bit 13, and its own last bit, rounds ties to even; a carry out of
    // the mantissa raises the exponent, as it should.
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - (112 << 23)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign; // 2^-25, half of the smallest subnormal: the tie goes to 0
  const shift = 126 - (magnitude >>> 23); // to units of 2^-24; 14 … 24
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const half = 1 << (shift - 1);
  const rest = mantissa & ((half << 1) - 1);
  const quotient = mantissa >>> shift;
  return sign | (rest > half || (rest === half && quotient & 1) ? quotient + 1 : quotient);
}

/** The bfloat16 nearest to a float32, ties to even, overflow to infinity. */
export function float32BitsToBfloat16(bits: number): number {
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (bits >>> 16) & 0x7f ? bits >>> 16 : (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Bits of the float32 that equals an F8_E5M2: the upper byte of a binary16. */
export const float8e5m2ToFloat32Bits = (byte: number): number => float16ToFloat32Bits(byte << 8);

/** Bits of the float32 that equals an F8_E4M3 ("fn": no infinities, NaN is S.1111.111, bias 7). */
export function float8e4m3ToFloat32Bits(byte: number): number {
  const sign = (byte & 0x80) << 24;
  const exponent = (byte >>> 3) & 0xf;
  const mantissa = byte & 7;
  if (exponent === 0xf && mantissa === 7) return sign | 0x7fc00000;
  if (exponent !== 0) return sign | ((exponent + 120) << 23) | (mantissa << 20);
  if (mantissa === 0) return sign;
  const shift = Math.clz32(mantissa) - 28; // top bit to bit 3
  return sign | ((121 - shift) << 23) | (((mantissa << shift) & 7) << 20);
}
