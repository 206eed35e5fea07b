/** Weights in eight bits, a scale for each output channel. */
import { quadsOf, sumsOfFour } from "../abi/int8.js";
import { expectation, NumericError } from "../core/errors.js";
import { numel, type Shape } from "../core/shape.js";
import { int8Scale } from "../io/int8.js";

/** Weights as they stand in memory, [out, in] or OHWI, as integers and scales, w = scale q. */
export interface IntegerWeights {
  q: Int8Array;
  scales: Float32Array;
}

/** The largest of a weight's values. */
const MOST = 127;

/**
 * Rounds to the nearest multiple of a channel's scale: its largest weight is 127 of them, or a little less, so that the sums of
 * four products that relaxed SIMD adds up in 16 bits have room there (see assembly/int8/ukernel.ts).
 */
export function quantizeWeights(name: string, w: Float32Array, shape: Shape, dilationW = 1): IntegerWeights {
  const [out, ...rest] = shape;
  const each = numel(rest);
  const [kh, kw, ic] = rest.length === 3 ? rest : [1, 1, each];
  const fours = sumsOfFour(quadsOf({ kh, kw, ic, dilationW }));
  const q = new Int8Array(w.length);
  const scales = new Float32Array(out);
  for (let o = 0; o < out; o++) {
    const row = w.subarray(o * each, (o + 1) * each);
    const most = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (!(most < Infinity)) throw new NumericError(expectation("quantize", `tensor "${name}"`, "finite weights", most));
    const own = q.subarray(o * each, (o + 1) * each);
    let scale = int8Scale(most / MOST);
    for (;;) {
      for (let i = 0; i < each; i++) own[i] = Math.max(-MOST, Math.min(MOST, Math.round(row[i] / scale)));
      if (fours.fit(own)) break;
      scale = int8Scale(scale * 1.01);
    }
    scales[o] = scale;
  }
  return { q, scales };
}
