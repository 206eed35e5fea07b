/** Initial weights. `fanIn` is the number of inputs that one output sums over. */
import { oneOf } from "../core/options.js";

/** The distribution a parameter starts from; drawn by `createModel` with the model's seed. */
export type Init =
  | { kind: "constant"; value: number }
  | { kind: "uniform"; bound: number }
  | { kind: "normal"; std: number };

/**
 * - `default`: PyTorch's `reset_parameters`, uniform in ±1/sqrt(fanIn) for weights and biases
 * - `he`: normal with std sqrt(2 / fanIn), biases 0, for layers followed by ReLU (He et al. 2015, arXiv:1502.01852)
 * - `heFanOut`: the same over the number of outputs, as torchvision initialises the convolutions of its ResNets
 */
export type InitName = "default" | "he" | "heFanOut";

/** The option `init`. */
export const initName = <D extends InitName>(fallback: D) => oneOf(["default", "he", "heFanOut"], fallback);

export function weightInit(name: InitName, fanIn: number, fanOut: number): Init {
  if (name === "default") return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
  return { kind: "normal", std: Math.sqrt(2 / (name === "he" ? fanIn : fanOut)) };
}

export function biasInit(name: InitName, fanIn: number): Init {
  return name === "default" ? { kind: "uniform", bound: 1 / Math.sqrt(fanIn) } : { kind: "constant", value: 0 };
}
