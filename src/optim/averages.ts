/** Averages of the weights along training: which share the weights of a step have in them. */
import { ArgumentError, expectation } from "../core/errors.js";
import { keysOf } from "../core/keys.js";
import { flag, integer, number, readOptions, type Schema } from "../core/options.js";

/**
 * An average of the weights: average <- (1 - rate) average + rate weights, after each step of the optimiser; made by `ema` or
 * `swa`.
 */
export interface Average {
  readonly type: string;
  /** The share of the weights after the step that comes next, of which `step` came before it. 1 begins anew, 0 leaves them out. */
  rate(step: number): number;
  /** Steps without an average. Default 0. */
  readonly start?: number;
  toJSON(): { type: string; options: object };
}

export interface EmaOptions {
  /** Share of the average that a step leaves, from 0 to below 1. */
  decay: number;
  /** Take (1 + n) / (10 + n) after n steps as long as that is less than `decay`. Default false. */
  warmup?: boolean;
}

/**
 * The exponential moving average, average <- decay average + (1 - decay) weights. It reaches back 1 / (1 - decay) steps; with
 * `warmup`, as in TensorFlow's ExponentialMovingAverage with `num_updates`, short trainings forget their initial weights too.
 *
 * ```ts
 * createTrainer(model, { loss, optimizer, ema: ema({ decay: 0.999, warmup: true }) });
 * ```
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), ema: ema({ decay: 0.999 }) });
 */
export function ema(options: EmaOptions): Average {
  const schema = () =>
    ({ decay: number({ min: 0, max: 1, open: "max" }), warmup: flag(false) }) satisfies Schema<EmaOptions>;
  const read = readOptions("ema", options, schema);
  const { decay, warmup } = read;
  return {
    type: "ema",
    rate: (step) => 1 - (warmup ? Math.min(decay, (1 + step) / (10 + step)) : decay),
    toJSON: () => ({ type: "ema", options: read }),
  };
}

export interface SwaOptions {
  /** Steps before the first weights of the average: those after this many are it. At least 1. */
  start: number;
  /** Steps from one set of weights in the average to the next; PyTorch users take those of an epoch. Default 1. */
  every?: number;
}

/**
 * Stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407): the mean of the weights after steps start,
 * start + every, start + 2 every, …, as PyTorch's `AveragedModel`. Give BatchNorm its statistics by `recalibrate`.
 *
 * ```ts
 * createTrainer(model, { loss, optimizer, ema: swa({ start: 10 * stepsPerEpoch, every: stepsPerEpoch }) });
 * ```
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), ema: swa({ start: 100, every: 10 }) });
 */
export function swa(options: SwaOptions): Average {
  const schema = () =>
    ({ start: integer({ min: 1 }), every: integer({ min: 1, default: 1 }) }) satisfies Schema<SwaOptions>;
  const read = readOptions("swa", options, schema);
  const { start, every } = read;
  return {
    type: "swa",
    start,
    rate(step) {
      const since = step + 1 - start;
      return since >= 0 && since % every === 0 ? 1 / (since / every + 1) : 0;
    },
    toJSON: () => ({ type: "swa", options: read }),
  };
}

const makers: Record<string, (options: never) => Average> = { ema, swa };

/** Makes an average of what its `toJSON` gave. */
export function averageFromJSON(json: unknown): Average {
  const { type, options }: { type?: unknown; options?: unknown } = Object(json);
  if (typeof type === "string" && Object.hasOwn(makers, type)) return makers[type](options as never);
  throw new ArgumentError(expectation("createTrainer", "ema", keysOf(makers).join(" or "), json));
}
