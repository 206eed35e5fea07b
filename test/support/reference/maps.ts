// Elementwise functions and reductions by their definitions, in float64.
import type { BINARY, REDUCTIONS, UNARY } from "../../../src/abi/enums.js";
import { erf } from "./special.js";

/** Rounds halves to even. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const UNARY_FUNCTIONS: Record<keyof typeof UNARY, (x: number, p: number, q: number) => number> = {
  affine: (x, p, q) => p * x + q,
  power: (x, p, q) => p * x ** q,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundEven,
  exp: Math.exp,
  log: Math.log,
  erf,
  clamp: (x, p, q) => (Number.isNaN(x) ? x : Math.min(Math.max(x, p), q)),
  inside: (x, p, q) => (x >= p && x <= q ? 1 : 0),
  above: (x, p) => (x > p ? 1 : 0),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  root: Math.sqrt,
  inverseRoot: (x, p) => (x === 0 ? 0 : p / Math.sqrt(x)),
};

export const BINARY_FUNCTIONS: Record<keyof typeof BINARY, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  pow: (a, b) => a ** b,
  prelu: (a, b) => (a > 0 ? a : a * b),
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessOrEqual: (a, b) => (a <= b ? 1 : 0),
  fmod: (a, b) => a % b,
  maxDa: (a, b) => (a > b ? 1 : a === b ? 0.5 : 0),
  divDb: (a, b) => -a / (b * b),
  powDa: (a, b) => (b === 0 ? 0 : b * a ** (b - 1)),
  powDb: (a, b) => (a === 0 && b >= 0 ? 0 : a ** b * Math.log(a)),
  preluDa: (a, b) => (a > 0 ? 1 : b),
  preluDb: (a) => (a > 0 ? 0 : a),
};

/** The first place of the greatest by `better`, or the last. */
const place = (values: number[], better: (a: number, b: number) => boolean, last = false): number => {
  let best = 0;
  values.forEach((value, i) => {
    if (better(value, values[best]) || (last && value === values[best])) best = i;
  });
  return best;
};

export const REDUCTION_FUNCTIONS: Record<keyof typeof REDUCTIONS, (x: number[], b: number[]) => number> = {
  sum: (x) => x.reduce((sum, value) => sum + value, 0),
  sumAbs: (x) => x.reduce((sum, value) => sum + Math.abs(value), 0),
  sumSquares: (x) => x.reduce((sum, value) => sum + value * value, 0),
  dot: (x, b) => x.reduce((sum, value, i) => sum + value * b[i], 0),
  max: (x) => Math.max(...x),
  min: (x) => Math.min(...x),
  product: (x) => x.reduce((product, value) => product * value, 1),
  argMax: (x) => place(x, (a, b) => a > b),
  argMin: (x) => place(x, (a, b) => a < b),
  argMaxLast: (x) => place(x, (a, b) => a > b, true),
  argMinLast: (x) => place(x, (a, b) => a < b, true),
};
