// Vectors that the loops take from memory, at the head of packed weights: V8 builds a constant anew in every turn of a
// loop, a shuffle's order by ten instructions.

/** 1.5 * 2^23: a float32 of at most 2^22 added to it has its nearest integer in its low bits. */
export const MAGIC: f32 = 12582912;

/** Places of vectors. `excess` is what is left of four MAGICs in four sums shifted by 0, 8, 16 and 24 bits. */
// @ts-ignore: decorator
@inline
export const ONES: usize = 0, NEAREST: usize = 16, EXCESS: usize = 32, ROWS: usize = 48, LOW: usize = 64, HIGH: usize = 80;

export function store_constants(p: usize): void {
  for (let i: usize = 0; i < 16; i += 2) store<i16>(p + i, 1, ONES);
  for (let i: usize = 0; i < 16; i += 4) {
    store<f32>(p + i, MAGIC, NEAREST);
    store<u32>(p + i, 0x8b400000, EXCESS);
    // Bytes of vectors v0, v1, w0, w1 in each lane: the first row is v0 and v1, the second w0 and w1.
    store<u32>(p + i, 0x0c080400 + (<u32>(i & 4 ? 1 : 0) + <u32>(i & 8 ? 2 : 0)) * 0x01010101, ROWS);
    // 0 where a place is 128 or more.
    store<u32>(p + i, 0x80808000 | <u32>(i >> 2), LOW);
    store<u32>(p + i, 0x80808004 + <u32>(i >> 2), HIGH);
  }
}
