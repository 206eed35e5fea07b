// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011):
// ten rounds turn a counter of four words and a key of two into four random words. src/core/random.ts has the same
// function in TypeScript.
//
// One round:  (hi0, lo0) = M0 * c0,  (hi1, lo1) = M1 * c2,
//             (c0, c1, c2, c3) <- (hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0),  then k0 += W0, k1 += W1

// @ts-ignore: decorator
@inline
const M0: u32 = 0xd2511f53;
// @ts-ignore: decorator
@inline
const M1: u32 = 0xcd9e8d57;
// @ts-ignore: decorator
@inline
const W0: u32 = 0x9e3779b9; // golden ratio
// @ts-ignore: decorator
@inline
const W1: u32 = 0xbb67ae85; // sqrt(3) - 1
// @ts-ignore: decorator
@inline
const ROUNDS: i32 = 10;

/** The four words of one counter. */
export function philox_v128(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): v128 {
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = <u64>M0 * c0, p1 = <u64>M1 * c2;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c3 = <u32>p0;
    k0 += W0;
    k1 += W1;
  }
  const x = i32x4.replace_lane(i32x4.splat(c0), 1, c1);
  return i32x4.replace_lane(i32x4.replace_lane(x, 2, c2), 3, c3);
}

/** Stores the 16 words of the counters (c0, c1, c2, c3) to (c0 + 3, c1, c2, c3), in this order, at `to`. */
export function philox_16(to: usize, c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): void {
  // One lane for each counter; products of even and odd halves come as 64-bit pairs.
  let v0 = i32x4.add(i32x4.splat(c0), i32x4(0, 1, 2, 3));
  let v1 = i32x4.splat(c1), v2 = i32x4.splat(c2), v3 = i32x4.splat(c3);
  const m0 = i32x4.splat(M0), m1 = i32x4.splat(M1);
  for (let round = 0; round < ROUNDS; round++) {
    const a = i64x2.extmul_low_i32x4_u(v0, m0), b = i64x2.extmul_high_i32x4_u(v0, m0);
    const c = i64x2.extmul_low_i32x4_u(v2, m1), d = i64x2.extmul_high_i32x4_u(v2, m1);
    v0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), v1), i32x4.splat(k0));
    v1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    v2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), v3), i32x4.splat(k1));
    v3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    k0 += W0;
    k1 += W1;
  }
  // Transpose: word w of counter l stands in lane l of v<w>.
  const t0 = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7);
  const t2 = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5), t3 = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(t0, t2, 0, 2));
  v128.store(to, v128.shuffle<i64>(t0, t2, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(t1, t3, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(t1, t3, 1, 3), 48);
}
