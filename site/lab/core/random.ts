/**
 * Random numbers of a seed, the same in every browser: integer operations and + - * / alone, as `Math.sin` and its like
 * may differ in the last bit.
 */

/** Mulberry32 (Tommy Ettinger 2017): a number from 0 up to 1 at each call. */
export function uniforms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Mean 0, variance 1: the sum of 12 uniform numbers less 6 (Irwin-Hall), normal to within 0.3 % of a deviation up to 2. */
export function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum;
  };
}

/** [cos, sin] of an angle in turns, by Taylor's series around the nearest quarter: errors below 1e-12. */
export function onCircle(turns: number): [cos: number, sin: number] {
  const quarters = Math.round(4 * turns);
  const a = (turns - quarters / 4) * 6.283185307179586;
  const z = a * a;
  let [cos, sin] = [1, 1];
  for (let k = 14; k > 0; k -= 2) {
    cos = 1 - (z / (k * (k - 1))) * cos;
    sin = 1 - (z / (k * (k + 1))) * sin;
  }
  sin *= a;
  const turned: [number, number][] = [
    [cos, sin],
    [-sin, cos],
    [-cos, -sin],
    [sin, -cos],
  ];
  return turned[((quarters % 4) + 4) % 4];
}
