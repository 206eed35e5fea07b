/** Initial weights. `fanIn` is the number of inputs that one output sums over. */

import { expectOneOf } from "../core/check.js";
import type { Init } from "../graph/graph.js";

/**
 * - `default`: PyTorch's `reset_parameters`, uniform in ±1/sqrt(fanIn) for weights and biases
 * - `he`: normal with std sqrt(2 / fanIn), biases 0, for layers followed by ReLU (He et al. 2015, arXiv:1502.01852)
 * - `heFanOut`: the same over the number of outputs, as torchvision initialises the convolutions of its ResNets
 */
export type InitName = "default" | "he" | "heFanOut";

const NAMES: readonly InitName[] = ["default", "he", "heFanOut"];

export function expectInit(where: string, value: unknown): InitName {
  return expectOneOf(where, "init", value ?? "default", NAMES);
}

export function weightInit(name: InitName, fanIn: number, fanOut: number): Init {
  if (name === "default") return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
  return { kind: "normal", std: Math.sqrt(2 / (name === "he" ? fanIn : fanOut)) };
}

export function biasInit(name: InitName, fanIn: number): Init {
  return name === "default" ? { kind: "uniform", bound: 1 / Math.sqrt(fanIn) } : { kind: "constant", value: 0 };
}

export const zeros: Init = { kind: "constant", value: 0 };
export const ones: Init = { kind: "constant", value: 1 };
