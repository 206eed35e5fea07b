/**
 * Numbers made from names, the same to the bit as in `generate/tensors.py`: element i of the tensor `name` is a hash of
 * (name, i). Only exact float32 steps lead from the hash to the value: 24 bits make a multiple of 2^-23 in [-1, 1).
 */

/** lowbias32 by Chris Wellons: a bijection of 32 bits with low avalanche bias. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
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
  const out = new Float32Array(n);
  const s = Math.fround(scale);
  const o = Math.fround(offset);
  bits(name, n).forEach((word, i) => {
    out[i] = Math.fround(Math.fround((word >>> 8) * 2 ** -23 - 1) * s) + o;
  });
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

/** Uniform weights with variance gain² · 2 / fan_in, as He et al. 2015 take for ReLU networks. */
export function he(name: string, shape: number[], gain = 1): Float32Array<ArrayBuffer> {
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const n = shape.reduce((a, b) => a * b, 1);
  return uniform(name, n, gain * Math.sqrt(6 / fanIn));
}
