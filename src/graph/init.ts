/** Initial weights. `fanIn` is the number of inputs that one output sums over. */
import { checked, isRecord, oneOf, optional } from "../core/options.js";

/** The distribution a parameter starts from; drawn by `createModel` with the model's seed. */
export type Init =
  | { kind: "constant"; value: number }
  | { kind: "uniform"; bound: number }
  | { kind: "normal"; std: number };

/**
 * - `default`: PyTorch's `reset_parameters`, uniform in ±1/sqrt(fanIn) for weights and biases
 * - `he`: normal with std sqrt(2 / fanIn), biases 0, for layers followed by ReLU (He et al. 2015, arXiv:1502.01852)
 * - `heFanOut`: the same over the number of outputs that one input reaches, in all groups, as torchvision initialises convolutions
 */
export type InitName = "default" | "he" | "heFanOut";

const NAMES = ["default", "he", "heFanOut"] as const satisfies readonly InitName[];

/** Which number a distribution has. */
const NUMBERS = { constant: "value", uniform: "bound", normal: "std" } as const satisfies Record<Init["kind"], string>;

const isStart = (value: unknown): value is InitName | Init =>
  isRecord(value)
    ? Object.entries(NUMBERS).some(([kind, number]) => kind === value.kind && Number.isFinite(value[number]))
    : NAMES.some((name) => name === value);

const isNumber = (value: unknown): value is number => Number.isFinite(value);

const start = () => `"default", "he", "heFanOut", or { kind, ${Object.values(NUMBERS).join(" | ")} }`;

/** What a parameter starts from: a number for all, a name, or a distribution. */
export const startOption = () =>
  checked(`a number, ${start()}`, (value): value is number | InitName | Init => isNumber(value) || isStart(value));

/** The option `init` of blocks and networks: a rule for all their layers. */
export const initName = <D extends InitName>(fallback: D) => oneOf(NAMES, fallback);

/** The option `init` of layers. */
export const weightStart = () => optional(checked(start(), isStart), "default");

export function weightInit(init: InitName | Init, fanIn: number, fanOut: number): Init {
  if (typeof init !== "string") return init;
  if (init === "default") return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
  return { kind: "normal", std: Math.sqrt(2 / (init === "he" ? fanIn : fanOut)) };
}

export function biasInit(init: InitName | Init, fanIn: number): Init {
  return init === "default" ? { kind: "uniform", bound: 1 / Math.sqrt(fanIn) } : { kind: "constant", value: 0 };
}
