/** Which products are faster on integers, by what they took on one core with relaxed SIMD (bench/NOTES.md, Eight bits). */
import { winogradLegal } from "../abi/winograd.js";
import { imageOf, numel } from "../core/shape.js";
import { shapeOf } from "../ops/conv.js";
import type { Finding } from "./calibrate.js";

/**
 * Operations in a nanosecond, two for each multiply-add. One file is for all machines, so integers count as between those
 * without an instruction for four products, 170, and those with it, 255.
 */
const INTEGERS = 200;
const DIRECT = 57;
const WINOGRAD: readonly [size: number, rate: number][] = [
  [28, 185],
  [14, 111],
  [4, 100],
];

/** Nanoseconds for each result of a product on integers, and for what a product in float32 reads and writes more. */
const RESULT = 0.2;
const CONVERSION = 0.3;

/** Whether a product on integers is faster than one in float32 with values of eight bits before and after it. */
export function paysOnIntegers({ product: { convolution }, x, y, macs }: Finding): boolean {
  const [results, inputs] = [numel(y), numel(x)];
  const integers = (2 * macs) / INTEGERS + results * RESULT;
  const s = convolution && shapeOf(convolution, x);
  const size = Math.min(...imageOf(y).slice(0, 2));
  const winograd = s && winogradLegal(s) ? WINOGRAD.find(([least]) => size >= least) : undefined;
  const floats = (2 * macs) / (winograd?.[1] ?? DIRECT) + (results + inputs) * CONVERSION;
  return integers < floats;
}
