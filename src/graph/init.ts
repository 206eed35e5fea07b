/** Initial weights. `fanIn` is the number of inputs that one output sums over. */
import { checked, isRecord, oneOf } from "../core/options.js";

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

const NAMES = ["default", "he", "heFanOut"] as const satisfies readonly InitName[];

/** Which number a distribution has. */
const NUMBERS = { constant: "value", uniform: "bound", normal: "std" } as const satisfies Record<Init["kind"], string>;

const isInit = (value: unknown): value is number | InitName | Init => {
  if (!isRecord(value)) return Number.isFinite(value) || NAMES.some((name) => name === value);
  return Object.entries(NUMBERS).some(([kind, number]) => kind === value.kind && Number.isFinite(value[number]));
};

/** What a parameter starts from: a number for all, a name, or a distribution. */
export const startOption = () =>
  checked(`a number, "default", "he", "heFanOut", or { kind, ${Object.values(NUMBERS).join(" | ")} }`, isInit);

/** The option `init` of layers. */
export const initName = <D extends InitName>(fallback: D) => oneOf(NAMES, fallback);

export function weightInit(name: InitName, fanIn: number, fanOut: number): Init {
  if (name === "default") return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
  return { kind: "normal", std: Math.sqrt(2 / (name === "he" ? fanIn : fanOut)) };
}

export function biasInit(name: InitName, fanIn: number): Init {
  return name === "default" ? { kind: "uniform", bound: 1 / Math.sqrt(fanIn) } : { kind: "constant", value: 0 };
}
