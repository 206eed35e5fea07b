/**
 * Numbers made from names, the same to the bit as in `generate/tensors.py`: element i of the tensor `name` is a hash of
 * (name, i). Only exact float32 steps lead from the hash to the value: 24 bits make a multiple of 2^-23 in [-1, 1).
 */

// Looked up once: some runtimes intercept every look-up of a global.
const { fround, imul } = Math;

/** lowbias32 by Chris Wellons: a bijection of 32 bits with low avalanche bias. */
function mix(x: number): number {
  x = imul(x ^ (x >>> 16), 0x7feb352d);
  x = imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = imul(h ^ byte, 0x01000193);
  return h;
}

/** n words: mix(mix(i + key) ^ key). */
export function bits(name: string, n: number): Uint32Array {
  const key = mix(fnv1a(name));
  const out = new Uint32Array(n);
  for (let i = 0; i < n; i++) out[i] = mix(mix((i + key) | 0) ^ key);
  return out;
}

/** float32(float32(u * scale) + offset) with u in [-1, 1). */
export function uniform(name: string, n: number, scale = 1, offset = 0): Float32Array<ArrayBuffer> {
  const words = bits(name, n);
  const out = new Float32Array(n);
  const s = fround(scale);
  const o = fround(offset);
  for (let i = 0; i < n; i++) out[i] = fround(((words[i] >>> 8) * 2 ** -23 - 1) * s) + o;
  return out;
}

/** Integers in [0, below): the high word of hash * below. */
export function indices(name: string, n: number, below: number): Int32Array<ArrayBuffer> {
  return Int32Array.from(bits(name, n), (word) => Math.floor((word * below) / 2 ** 32));
}

/** Rows of probabilities. The row sums are exact in float64: all terms are multiples of 2^-23. */
export function distribution(name: string, rows: number, classes: number): Float32Array<ArrayBuffer> {
  const out = uniform(name, rows * classes, 1, 1.125);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * classes, (r + 1) * classes);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let i = 0; i < classes; i++) row[i] /= sum;
  }
  return out;
}

/** [n, c, h, w], coarse squares of 8x8 pixels plus fine noise: float32(coarse * 1.5 + fine). */
export function images(name: string, [n, c, h, w]: number[]): Float32Array<ArrayBuffer> {
  const rows = Math.ceil(h / 8);
  const cols = Math.ceil(w / 8);
  const coarse = uniform(`${name}/coarse`, n * c * rows * cols, 1.5);
  const out = uniform(name, n * c * h * w);
  for (let i = 0, at = 0; i < n * c; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, at++) out[at] += coarse[(i * rows + (y >> 3)) * cols + (x >> 3)];
  return out;
}
