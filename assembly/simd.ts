// Small vector operations shared by the kernels.

/** The build has fused multiply-adds. */
// @ts-ignore: decorator
@inline
export const FMA: bool = ASC_FEATURE_RELAXED_SIMD && !INT8;

// Constants of long formulas are variables: V8 builds a constant vector anew for every use, by three instructions, and
// loads a variable by one. Entries export them, or Binaryen would make constants of them.
export let ONE: v128 = f32x4.splat(1);

/** The vector 0, 0, 0, 0. */
// @ts-ignore: decorator
@inline
export function zero_v128(): v128 {
  return f32x4(0, 0, 0, 0);
}

/**
 * a * b + c: two roundings in the simd build (the same bits everywhere), usually one in the relaxed build. Networks in
 * eight bits take relaxed instructions for integers alone.
 */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (FMA) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** max(x, 0) that keeps NaN: pmax(a, b) is a < b ? b : a. Four times as fast as f32x4.max in V8. */
// @ts-ignore: decorator
@inline
export function relu_v128(x: v128): v128 {
  return f32x4.pmax(x, zero_v128());
}
