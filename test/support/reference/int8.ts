// Networks in eight bits by their definitions: sums are exact, results in float32 as the kernels promise them, step by step.
import type { Conv2dShape } from "../../../src/abi/conv.js";

const f = Math.fround;

/** The nearest integer, ties to even. */
export function nearest(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** sum of (q - zero) * w over the window, of zero outside of the image; x NHWC, weights OHWI or, depthwise, [c][kh][kw]. */
export function sums(s: Conv2dShape, x: ArrayLike<number>, w: ArrayLike<number>, zero: number): number[] {
  const out: number[] = [];
  const depthwise = s.groups > 1;
  const each = depthwise ? 1 : s.ic;
  for (let n = 0; n < s.batch; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let o = 0; o < s.oc; o++) {
          let sum = 0;
          for (let ky = 0; ky < s.kh; ky++)
            for (let kx = 0; kx < s.kw; kx++) {
              const [iy, ix] = [
                i * s.strideH - s.padTop + ky * s.dilationH,
                j * s.strideW - s.padLeft + kx * s.dilationW,
              ];
              if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
              for (let c = 0; c < each; c++) {
                const q = x[((n * s.h + iy) * s.w + ix) * s.ic + (depthwise ? o : c)];
                sum += (q - zero) * w[((o * s.kh + ky) * s.kw + kx) * each + c];
              }
            }
          out.push(sum);
        }
  return out;
}

export interface IntegerCase {
  scales: ArrayLike<number>;
  bias: ArrayLike<number>;
  xScale: number;
  xZero: number;
  yScale: number;
  yZero: number;
  residual?: { values: ArrayLike<number>; factor: number; zero: number } | undefined;
  low: number;
  high: number;
  isFloat: boolean;
}

/** What follows the sums: multiplied and shifted in float32 by what float64 made of scales, bias and zeros. */
export function results(
  s: Conv2dShape,
  totals: readonly number[],
  w: ArrayLike<number>,
  { scales, bias, xScale, xZero, yScale, yZero, residual, low, high, isFloat }: IntegerCase,
): number[] {
  const each = w.length / s.oc;
  const sumOf = (o: number) => Array.from({ length: each }, (_, i) => w[o * each + i]).reduce((a, b) => a + b, 0);
  const weightSums = Array.from({ length: s.oc }, (_, o) => sumOf(o));
  return totals.map((total, i) => {
    const o = i % s.oc;
    // The kernel sums q * w with zeros of the padding, which are q = xZero; the offset takes xZero * w away again.
    const m = (xScale * scales[o]) / yScale;
    const shift = f(yZero - (residual ? residual.zero * residual.factor : 0));
    const offset = f(bias[o] / yScale + shift - xZero * weightSums[o] * m);
    const sum = total + xZero * weightSums[o];
    let v = f(f(f(sum) * f(m)) + offset);
    if (residual) v = f(v + f(residual.values[i] * residual.factor));
    v = Math.min(Math.max(v, low), high);
    return isFloat ? v : nearest(v);
  });
}
