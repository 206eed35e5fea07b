/** The numbers that a value takes over the calibration data, and the range of them that 128 steps should cover. */
import { expectation, NumericError } from "../core/errors.js";
import type { Units } from "../ops/int8.js";

/**
 * How the range of a value's numbers is chosen: all of them, all but one in 10,000 at either end, or so that the squared error
 * of the rounded ones is least.
 */
export type Ranges = "minmax" | "percentile" | "mse";

/** Bins on either side of 0. */
const BINS = 2048;

/** What "percentile" leaves out at either end. */
const TAIL = 1e-4;

/** The largest of 7 bits. */
const MOST = 127;

export class Histogram {
  /** The numbers beyond which there are none. */
  min = 0;
  max = 0;
  /** Bins from -reach to reach. */
  readonly #counts = new Float64Array(2 * BINS);
  #reach = 0;
  #total = 0;

  /** Throws `NumericError` on what is no finite number. */
  add(numbers: Float32Array, name: string): void {
    let [min, max] = [this.min, this.max];
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i];
      if (!(Math.abs(x) < Infinity))
        throw new NumericError(expectation("quantize", `the input of ${name}`, "finite numbers", x));
      if (x < min) min = x;
      else if (x > max) max = x;
    }
    [this.min, this.max] = [min, max];
    const most = Math.max(-min, max);
    if (most === 0) {
      this.#counts[BINS] += numbers.length;
      this.#total += numbers.length;
      return;
    }
    if (this.#reach === 0) this.#reach = most;
    while (this.#reach < most) this.#widen();
    const scale = BINS / this.#reach;
    for (let i = 0; i < numbers.length; i++)
      this.#counts[Math.min(2 * BINS - 1, Math.floor(numbers[i] * scale) + BINS)]++;
    this.#total += numbers.length;
  }

  /** Twice the reach: two bins become one. */
  #widen(): void {
    const old = this.#counts.slice();
    this.#counts.fill(0);
    old.forEach((count, i) => {
      this.#counts[BINS + Math.floor((i - BINS) / 2)] += count;
    });
    this.#reach *= 2;
  }

  /** The units in which bytes stand for these numbers. 0 is one of them, as padding and ReLU want it. */
  units(ranges: Ranges): Units {
    if (ranges === "minmax" || this.#reach === 0) return unitsFor(this.min, this.max);
    if (ranges === "percentile")
      return unitsFor(Math.min(0, this.#quantile(TAIL)), Math.max(0, this.#quantile(1 - TAIL)));
    let [best, least] = [unitsFor(this.min, this.max), Infinity];
    // Both ends come in together, and each by itself.
    for (let i = 40; i >= 8; i--)
      for (let j = this.min < 0 ? Math.min(40, i + 4) : i; j >= (this.min < 0 ? Math.max(8, i - 4) : i); j--) {
        const units = unitsFor((this.min * j) / 40, (this.max * i) / 40);
        const error = this.#error(units);
        if (error < least) [best, least] = [units, error];
      }
    return best;
  }

  /** The middle of the bin below which this share of the numbers lies. */
  #quantile(share: number): number {
    let left = share * this.#total;
    for (let i = 0; i < 2 * BINS; i++) {
      left -= this.#counts[i];
      if (left <= 0) return ((i + 0.5 - BINS) * this.#reach) / BINS;
    }
    return this.max;
  }

  /** The squared error of the numbers in these units, each taken for the middle of its bin; those at 0 have none. */
  #error({ scale, zero }: Units): number {
    let error = 0;
    for (let i = 0; i < 2 * BINS; i++) {
      const count = this.#counts[i];
      if (count === 0 || i === BINS) continue;
      const x = ((i + 0.5 - BINS) * this.#reach) / BINS;
      const q = Math.min(MOST, Math.max(0, Math.round(x / scale) + zero));
      error += count * (x - scale * (q - zero)) ** 2;
    }
    return error;
  }
}

/** 128 steps from at most `min` to at least `max`, of which one is 0. */
function unitsFor(min: number, max: number): Units {
  const scale = Math.fround((max - min) / MOST) || 1;
  return { scale, zero: Math.min(MOST, Math.max(0, Math.round(-min / scale))) };
}
