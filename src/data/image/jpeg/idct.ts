// The inverse DCT of 8 x 8 blocks in integers: the algorithm of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT
// algorithms with 11 multiplications", ICASSP 1989) with constants of 13 bits and 2 more bits between the passes: what
// libjpeg's default, and so Pillow and browsers, compute to the bit.

const fixed = (x: number): number => Math.round(x * 2 ** 13);
const [C0_298, C0_390, C0_541, C0_765] = [0.298631336, 0.390180644, 0.5411961, 0.765366865].map(fixed) as Four;
const [C0_899, C1_175, C1_501, C1_847] = [0.899976223, 1.175875602, 1.50132111, 1.847759065].map(fixed) as Four;
const [C1_961, C2_053, C2_562, C3_072] = [1.96157056, 2.053119869, 2.562915447, 3.072711026].map(fixed) as Four;
type Four = [number, number, number, number];

/** Columns keep 2 of the 13 bits; rows drop these and the 8 of the two-dimensional transform's scale. */
const COLUMN_SHIFT = 13 - 2;
const ROW_SHIFT = 13 + 2 + 3;

/** One dimension, in place: the 8 values `step` apart from `at` on, rounded and shifted right by `shift`. */
function idct8(x: Int32Array, at: number, step: number, shift: number): void {
  const { imul } = Math;
  const x0 = x[at];
  const x1 = x[at + step];
  const x2 = x[at + 2 * step];
  const x3 = x[at + 3 * step];
  const x4 = x[at + 4 * step];
  const x5 = x[at + 5 * step];
  const x6 = x[at + 6 * step];
  const x7 = x[at + 7 * step];
  const half = 1 << (shift - 1);

  // Even: a rotation of (x2, x6) by 3π/8 in three multiplications, and a butterfly of (x0, x4).
  const turn = imul(x2 + x6, C0_541);
  const low = turn - imul(x6, C1_847);
  const high = turn + imul(x2, C0_765);
  const sum = ((x0 + x4) << 13) + half;
  const difference = ((x0 - x4) << 13) + half;
  const e0 = sum + high;
  const e3 = sum - high;
  const e1 = difference + low;
  const e2 = difference - low;

  // Odd: figure 8 of the paper, its rotations folded into sums of pairs.
  const shared = imul(x1 + x3 + x5 + x7, C1_175);
  const s73 = shared - imul(x7 + x3, C1_961);
  const s51 = shared - imul(x5 + x1, C0_390);
  const s71 = imul(x7 + x1, C0_899);
  const s53 = imul(x5 + x3, C2_562);
  const o3 = imul(x7, C0_298) - s71 + s73;
  const o2 = imul(x5, C2_053) - s53 + s51;
  const o1 = imul(x3, C3_072) - s53 + s73;
  const o0 = imul(x1, C1_501) - s71 + s51;

  x[at] = (e0 + o0) >> shift;
  x[at + 7 * step] = (e0 - o0) >> shift;
  x[at + step] = (e1 + o1) >> shift;
  x[at + 6 * step] = (e1 - o1) >> shift;
  x[at + 2 * step] = (e2 + o2) >> shift;
  x[at + 5 * step] = (e2 - o2) >> shift;
  x[at + 3 * step] = (e3 + o3) >> shift;
  x[at + 4 * step] = (e3 - o3) >> shift;
}

const work = new Int32Array(64);
const clamp = (x: number): number => (x < 0 ? 0 : x > 255 ? 255 : x);

/** Samples of the block whose quantised coefficients begin at `from`, written to `out` from `at` on, rows `stride` apart. */
export function inverseTransform(
  coefficients: Int16Array,
  from: number,
  steps: Uint16Array,
  out: Uint8Array,
  at: number,
  stride: number,
): void {
  let ac = 0;
  for (let i = 1; i < 64; i++) ac |= coefficients[from + i];
  if (ac === 0) {
    // Flat, as many blocks are. The same rounding as below.
    const value = clamp(((coefficients[from] * steps[0] + 4) >> 3) + 128);
    for (let row = at; row < at + 8 * stride; row += stride) for (let i = row; i < row + 8; i++) out[i] = value;
    return;
  }
  for (let column = 0; column < 8; column++) {
    let any = 0;
    for (let i = column; i < 64; i += 8) {
      const coefficient = coefficients[from + i];
      work[i] = coefficient * steps[i];
      if (i > 7) any |= coefficient;
    }
    if (any) idct8(work, column, 8, COLUMN_SHIFT);
    else {
      const value = work[column] << 2;
      for (let i = column; i < 64; i += 8) work[i] = value;
    }
  }
  for (let i = 0; i < 64; i += 8, at += stride) {
    idct8(work, i, 1, ROW_SHIFT);
    for (let column = 0; column < 8; column++) out[at + column] = clamp(work[i + column] + 128);
  }
}
