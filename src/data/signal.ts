/** Augmentations of signals, [length, channels], as those of time series are named (Um et al. 2017, arXiv:1706.00527). */
import { exp } from "../core/math.js";
import { integer, number, readOptions, type Schema, share } from "../core/options.js";
import type { SignalAugmentation } from "./image/augment.js";
import { makeSignalAugmentation } from "./image/made.js";

export interface NoiseOptions {
  /** Standard deviation. */
  std?: number;
  /** How often a sample is changed. Default 1. */
  p?: number;
}

const noise = (std: number) => () =>
  ({ std: number({ min: 0, default: std }), p: share(1) }) satisfies Schema<NoiseOptions>;

/**
 * Adds to each value a number of its own, normally distributed with mean 0 and `std` (default 0.03).
 *
 * @example
 * augment(signals, [jitter({ std: 0.05 })]);
 */
export function jitter(options: NoiseOptions = {}): SignalAugmentation {
  const { std, p } = readOptions("jitter", options, noise(0.03));
  return makeSignalAugmentation("jitter", options, {
    kind: "signal",
    apply(x, _, random) {
      if (random.uniform() >= p) return;
      for (let i = 0; i < x.length; i++) x[i] += std * random.normal();
    },
  });
}

/**
 * Multiplies each channel by a number of its own, normally distributed with mean 1 and `std` (default 0.1).
 *
 * @example
 * augment(signals, [scaling({ std: 0.1 })]);
 */
export function scaling(options: NoiseOptions = {}): SignalAugmentation {
  const { std, p } = readOptions("scaling", options, noise(0.1));
  return makeSignalAugmentation("scaling", options, {
    kind: "signal",
    apply(x, { channels }, random) {
      if (random.uniform() >= p) return;
      const factors = Array.from({ length: channels }, () => 1 + std * random.normal());
      for (let i = 0; i < x.length; i++) x[i] *= factors[i % channels];
    },
  });
}

export interface TimeWarpOptions {
  /** Standard deviation of the logarithm of the pace, from knot to knot. Default 0.2. */
  std?: number;
  /** Places between which the pace changes evenly, both ends with them. Default 4. */
  knots?: number;
  /** How often a sample is changed. Default 1. */
  p?: number;
}

const warp = () =>
  ({
    std: number({ min: 0, default: 0.2 }),
    knots: integer({ min: 2, default: 4 }),
    p: share(1),
  }) satisfies Schema<TimeWarpOptions>;

/**
 * Lets time pass faster here and slower there, the same for all channels: beginning, end and length stay, values in between are
 * interpolated. The pace is above 0, so that nothing is told twice or backwards.
 *
 * @example
 * augment(signals, [timeWarp()]);
 */
export function timeWarp(options: TimeWarpOptions = {}): SignalAugmentation {
  const { std, knots, p } = readOptions("timeWarp", options, warp);
  return makeSignalAugmentation("timeWarp", options, {
    kind: "signal",
    apply(x, { length, channels }, random, scratch) {
      if (random.uniform() >= p || length < 3) return;
      const paces = Array.from({ length: knots }, () => exp(std * random.normal()));
      const paceAt = (step: number) => {
        const place = (step / (length - 2)) * (knots - 1);
        const left = Math.min(Math.floor(place), knots - 2);
        return paces[left] + (paces[left + 1] - paces[left]) * (place - left);
      };
      let total = 0;
      for (let step = 0; step < length - 1; step++) total += paceAt(step);
      scratch.set(x);
      let time = 0;
      for (let step = 1; step < length - 1; step++) {
        time += (paceAt(step - 1) * (length - 1)) / total;
        const left = Math.min(Math.floor(time), length - 2);
        for (let c = 0; c < channels; c++) {
          const [a, b] = [scratch[left * channels + c], scratch[(left + 1) * channels + c]];
          x[step * channels + c] = a + (b - a) * (time - left);
        }
      }
    },
  });
}
