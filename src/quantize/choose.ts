/** Which products are computed on integers, and what weights they are given. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { int8Scale } from "../io/int8.js";
import type { StateDict } from "../model/state.js";
import type { Finding } from "./calibrate.js";
import { paysOnIntegers } from "./costs.js";

import type { Ranges } from "./histogram.js";
import { stateShape, toState } from "./order.js";
import { biasName, isInteger, type Precision, scalesName, weightsType } from "./precision.js";
import { quantizeWeights } from "./weights.js";

/** How a product is computed, and why. */
export interface Choice {
  precision: Precision;
  why: string;
}

export type Choices = ReadonlyMap<string, Choice>;

export interface ChoiceOptions {
  ranges: Ranges;
  first: boolean;
  last: boolean;
  keep: readonly string[] | undefined;
}

/** A product that can be computed on integers. */
const isPossible = ({ product: { convolution } }: Finding): boolean => !convolution || convolution.groups === 1;

/** Decides for every product; `isFaster` says whether one is faster on integers. */
export function choose(
  findings: readonly Finding[],
  { ranges, first, last, keep = [] }: ChoiceOptions,
  isFaster = paysOnIntegers,
): Choices {
  const names = findings.map(({ product }) => product.name);
  const unknown = keep.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ArgumentError(
      expectation("quantize", "keep", `names of weights: ${names.slice(0, 40).join(", ")}`, describe(unknown)),
    );
  const accurate = { weights: "F32" } as const;
  const decide = (finding: Finding, i: number): Choice => {
    if (!first && i === 0) return { precision: accurate, why: "the first" };
    if (!last && i === findings.length - 1) return { precision: accurate, why: "the last" };
    if (keep.includes(finding.product.name)) return { precision: accurate, why: "kept" };
    if (!isPossible(finding)) return { precision: { weights: "I8" }, why: "no integer kernel for its groups" };
    if (!isFaster(finding)) return { precision: { weights: "I8" }, why: "faster in float32" };
    return { precision: { input: finding.histogram.units(ranges) }, why: "faster on integers" };
  };
  return new Map(findings.map((finding, i) => [finding.product.name, decide(finding, i)]));
}

/** The tensors of the network in eight bits: those of products, and `others` of what is no product. */
export function quantizedState(others: StateDict, findings: readonly Finding[], choices: Choices): StateDict {
  const state = new Map(others);
  for (const finding of findings) {
    const { product, weight, bias, shape } = finding;
    const { name } = product;
    const { precision } = lookUp(choices, name);
    state.set(biasName(name), { data: Float32Array.from(bias), shape: [bias.length] });
    if (isInteger(precision)) {
      const { q, scales } = quantizeWeights(name, weight, shape, product.convolution?.dilation[1]);
      state.set(scalesName(name), { data: Float32Array.from(scales), shape: [scales.length] });
      state.set(name, { data: Float32Array.from(q), shape: [...shape] });
      continue;
    }
    const data = weightsType(precision) === "I8" ? rounded(weight, shape[0]) : Float32Array.from(weight);
    state.set(name, { data: toState(data, shape), shape: [...stateShape(shape)] });
  }
  return state;
}

/** Weights as they will be when they are loaded: multiples of their channel's scale, as `toInt8` writes them. */
function rounded(weight: Float32Array, out: number): Float32Array<ArrayBuffer> {
  const each = weight.length / out;
  const data = Float32Array.from(weight);
  for (let o = 0; o < out; o++) {
    const row = data.subarray(o * each, (o + 1) * each);
    const scale = int8Scale(row.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127);
    for (let i = 0; i < each; i++) row[i] = scale * Math.round(row[i] / scale);
  }
  return data;
}
