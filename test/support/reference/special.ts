/** The functions that Math lacks, in float64. */

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** erf by its Maclaurin series; for |x| < 2, where the terms stay small. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return TWO_OVER_SQRT_PI * sum;
}

/** erfc by its continued fraction, evaluated from the tail (Abramowitz & Stegun 7.1.14); for x >= 2. */
function erfcFraction(x: number): number {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

export function erf(x: number): number {
  if (Math.abs(x) < 2) return erfSeries(x);
  return x < 0 ? erfcFraction(-x) - 1 : 1 - erfcFraction(x);
}

/** 1 - erf(x) without cancellation for x >= 2. */
export function erfc(x: number): number {
  return x >= 2 ? erfcFraction(x) : 1 - erf(x);
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The probability that a normal variable is below x. */
export function normalCdf(x: number): number {
  return erfc(-x / Math.SQRT2) / 2;
}
