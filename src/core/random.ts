/**
 * Random numbers that are the same in every runtime: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", 2011), a function of key and counter. `assembly/math/philox.ts` is the same function.
 *
 * Key: the two halves of the seed. Counter words: [block, stream, high part of the block, GENERATOR]; every block
 * yields four words. Dropout counts [block, stream, step, step's high part], whose last word never gets to GENERATOR:
 * one seed serves both.
 */
import { cos, log } from "./math.js";

// Looked up once: the edge runtime of Next in development intercepts every look-up of a global, a microsecond each.
const { floor, imul, sqrt } = Math;

const GENERATOR = 0xffffffff;

/** The four words of a counter, left in `out`. `counter` and `key` are unsigned 32-bit words. */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0] | 0;
  let c1 = counter[1] | 0;
  let c2 = counter[2] | 0;
  let c3 = counter[3] | 0;
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of the product of two unsigned words, by halves of 16 bits; `| 0` keeps V8 on integers. */
function multiplyHigh(a: number, b: number): number {
  const low = b & 0xffff;
  const high = b >>> 16;
  const first = (imul(a >>> 16, low) + (imul(a & 0xffff, low) >>> 16)) | 0;
  const second = (imul(a & 0xffff, high) + (first & 0xffff)) | 0;
  return (imul(a >>> 16, high) + (first >>> 16) + (second >>> 16)) | 0;
}

/** A generator's position, as plain data. */
export interface PhiloxState {
  seed: number;
  stream: number;
  /** Words drawn so far. */
  position: number;
}

/**
 * Random numbers of a seed, a stream and a place, the same on every machine: Philox4x32-10 (Salmon et al. 2011). Augmentations are
 * given one.
 *
 * @example
 * const flicker: ImageAugmentation = {
 *   kind: "image",
 *   apply(x, shape, random) {
 *     const by = 0.1 * random.normal(); // the stream of this sample in this epoch
 *     for (let i = 0; i < shape.height * shape.width * shape.channels; i++) x[i] += by;
 *   },
 * };
 */
export class Philox {
  readonly seed: number;
  readonly stream: number;
  #position = 0;
  #key: Uint32Array;
  #block = new Uint32Array(4);
  #counter = new Uint32Array(4);

  /** `seed` from 0 to 2^53 - 1; generators of one seed and different streams (0 to 2^32 - 1) are independent. */
  constructor(seed: number, stream = 0) {
    this.seed = seed;
    this.stream = stream;
    this.#key = new Uint32Array([seed % 2 ** 32, floor(seed / 2 ** 32)]);
  }

  /** 32 random bits. */
  u32(): number {
    const word = this.#position % 4;
    if (word === 0) this.#draw();
    this.#position++;
    return this.#block[word];
  }

  #draw(): void {
    const block = floor(this.#position / 4);
    this.#counter[0] = block % 2 ** 32;
    this.#counter[1] = this.stream;
    this.#counter[2] = floor(block / 2 ** 32);
    this.#counter[3] = GENERATOR;
    philox(this.#counter, this.#key, this.#block);
  }

  /** A multiple of 2^-24 in [0, 1): every value is a float32 number. */
  uniform(): number {
    return (this.u32() >>> 8) / 2 ** 24;
  }

  /** A number of the standard normal distribution: Box & Muller (1958), the cosine half. */
  normal(): number {
    const radius = sqrt(-2 * log((this.u32() + 0.5) / 2 ** 32));
    return radius * cos(2 * Math.PI * (this.u32() / 2 ** 32));
  }

  /** A whole number in [0, n), each equally likely; n from 1 to 2^32. */
  integer(n: number): number {
    // Words beyond the last multiple of n are drawn again (Lemire 2019 calls this the classic unbiased way).
    const usable = 2 ** 32 - (2 ** 32 % n);
    let word = this.u32();
    while (word >= usable) word = this.u32();
    return word % n;
  }

  /** Fisher-Yates, in place. */
  shuffle<T extends Int32Array | Uint32Array>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  state(): PhiloxState {
    return { seed: this.seed, stream: this.stream, position: this.#position };
  }

  /** A generator that goes on where the saved one stood. */
  static from(state: PhiloxState): Philox {
    const random = new Philox(state.seed, state.stream);
    random.#position = state.position;
    if (state.position % 4 !== 0) random.#draw();
    return random;
  }
}
