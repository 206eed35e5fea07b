/**
 * Numbers of any distribution to a standard normal one, as scikit-learn's QuantileTransformer(output "normal") does it:
 * the rank among the training values, then the normal distribution's inverse.
 */
import { log } from "../core/math.js";

/** At most this many reference values describe a column. */
const POINTS = 1000;

/** Values at POINTS equally spaced ranks from the least to the greatest, linearly interpolated. */
export function fitQuantiles(values: Float64Array): number[] {
  const sorted = Float64Array.from(values).sort();
  const points = Math.min(POINTS, sorted.length);
  return Array.from({ length: points }, (_, i) => {
    const rank = points === 1 ? 0 : (i * (sorted.length - 1)) / (points - 1);
    const below = Math.floor(rank);
    const low = sorted[below];
    return low + (sorted[Math.min(below + 1, sorted.length - 1)] - low) * (rank - below);
  });
}

/** Where the ranks 0 and 1 go: the normal quantiles of 1e-7 and 1 - 1e-7. */
const CLIP = 1e-7;

/** A value by the quantiles of its column. Of equal quantiles, the middle of their ranks counts. */
export function toNormal(value: number, quantiles: readonly number[]): number {
  const last = quantiles.length - 1;
  if (last === 0 || quantiles[0] === quantiles[last]) return 0; // a constant column says nothing
  if (value <= quantiles[0]) return normalQuantile(CLIP);
  if (value >= quantiles[last]) return normalQuantile(1 - CLIP);
  const left = firstAbove(quantiles, (quantile) => quantile >= value);
  const right = firstAbove(quantiles, (quantile) => quantile > value);
  let rank = (left + right - 1) / 2; // ties: from the first equal to the last equal
  if (left === right) {
    const [low, high] = [quantiles[left - 1], quantiles[left]];
    rank = left - 1 + (value - low) / (high - low);
  }
  return normalQuantile(Math.min(Math.max(rank / last, CLIP), 1 - CLIP));
}

function firstAbove(quantiles: readonly number[], reached: (quantile: number) => boolean): number {
  let low = 0;
  let high = quantiles.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(quantiles[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

/** The standard normal distribution's inverse for 0 < p < 1, to 1e-15: algorithm AS 241, PPND16 (Wichura 1988). */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(r, A)) / polynomial(r, B);
  }
  const r = Math.sqrt(-log(q < 0 ? p : 1 - p));
  const tail = r <= 5 ? polynomial(r - 1.6, C) / polynomial(r - 1.6, D) : polynomial(r - 5, E) / polynomial(r - 5, F);
  return q < 0 ? -tail : tail;
}

// The paper's eight coefficients a name, constant term first, in float64.
const A = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const B = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852546,
];
const C = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const D = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const E = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const F = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
];
