/**
 * Learning-rate schedules: factors on the optimiser's learning rate, as pure functions of progress. PyTorch's names and
 * formulas; `unit` says whether their numbers count optimiser steps (default) or epochs.
 */

import { expectOneOf } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { hasMethod, keysOf } from "../core/keys.js";
import { cos, ipow } from "../core/math.js";
import {
  checked,
  integer,
  list,
  number,
  oneOf,
  optional,
  positive,
  readOptions,
  type Schema,
} from "../core/options.js";

/** Steps taken so far; inside `fit`, which knows them, also epochs. */
export interface Progress {
  step: number;
  /** Of this fit. */
  stepsPerEpoch?: number | undefined;
  /** Epochs completed so far in all fits, whatever their batch sizes. Default: `step / stepsPerEpoch` in whole numbers. */
  epoch?: number | undefined;
}

/** A learning-rate schedule: a pure function of progress. One of your own needs `type`, `factor` and `toJSON`. */
export interface Schedule {
  readonly type: string;
  /** What to multiply the optimiser's `lr` with in the step that comes next. */
  factor(progress: Progress): number;
  /** Whether it has come to its end, where the factor stays as it is. Default: it has none. */
  isOver?(progress: Progress): boolean;
  toJSON(): { type: string; options: object };
}

export type Unit = "steps" | "epochs";

/** Completed steps, or completed epochs. */
function count(type: string, unit: Unit, progress: Progress): number {
  const { step, epoch, stepsPerEpoch }: Progress = Object(progress);
  if (![step, epoch ?? 0, stepsPerEpoch ?? 1].every(Number.isFinite))
    throw new ArgumentError(expectation(type, "progress", "{ step, stepsPerEpoch, epoch }", progress));
  if (unit === "steps") return step;
  if (epoch !== undefined) return epoch;
  if (stepsPerEpoch === undefined) {
    const hint = 'Use unit: "steps" with trainer.step';
    throw new ArgumentError(
      expectation(type, "unit", "epochs only inside fit, which knows them", "a bare step", { hint }),
    );
  }
  return Math.floor(step / stepsPerEpoch);
}

const unit = () => oneOf(["steps", "epochs"], "steps");

/** A schedule that writes itself as its type and the options that made it. */
const schedule = (
  type: string,
  options: object,
  factor: Schedule["factor"],
  isOver: NonNullable<Schedule["isOver"]> = () => false,
): Schedule => ({
  type,
  factor,
  isOver,
  toJSON: () => ({ type, options }),
});

/**
 * The same learning rate throughout.
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), schedule: constant() });
 */
export function constant(options?: object): Schedule {
  return schedule(
    "constant",
    readOptions("constant", options, () => ({})),
    () => 1,
  );
}

export interface StepLROptions {
  /** Units between two multiplications. */
  stepSize: number;
  /** Default 0.1. */
  gamma?: number;
  /** What `stepSize` counts. Default `"steps"`. */
  unit?: Unit;
}

/**
 * Multiplies by `gamma` (default 0.1) every `stepSize` units.
 *
 * @example
 * stepLR({ stepSize: 30, gamma: 0.1, unit: "epochs" });
 */
export function stepLR(options: StepLROptions): Schedule {
  const read = readOptions("stepLR", options, () => {
    const gamma = number({ min: 0, default: 0.1 });
    return { stepSize: integer({ min: 1 }), gamma, unit: unit() } satisfies Schema<StepLROptions>;
  });
  return schedule("stepLR", read, (progress) =>
    ipow(read.gamma, Math.floor(count("stepLR", read.unit, progress) / read.stepSize)),
  );
}

export interface MultiStepLROptions {
  /** Units after which the rate is multiplied. */
  milestones: readonly number[];
  /** Default 0.1. */
  gamma?: number;
  /** What `milestones` count. Default `"steps"`. */
  unit?: Unit;
}

/**
 * Multiplies by `gamma` (default 0.1) at each of the `milestones`.
 *
 * @example
 * multiStepLR({ milestones: [80, 120], gamma: 0.1, unit: "epochs" });
 */
export function multiStepLR(options: MultiStepLROptions): Schedule {
  const read = readOptions("multiStepLR", options, () => {
    const milestones = list(integer(), "an array of numbers");
    return { milestones, gamma: number({ min: 0, default: 0.1 }), unit: unit() } satisfies Schema<MultiStepLROptions>;
  });
  const passed = (n: number) => read.milestones.filter((milestone) => n >= milestone).length;
  return schedule("multiStepLR", read, (progress) =>
    ipow(read.gamma, passed(count("multiStepLR", read.unit, progress))),
  );
}

export interface CosineAnnealingOptions {
  /** Units until the rate is at its least. */
  tMax: number;
  /** What is left of the rate then. Default 0. */
  etaMinFactor?: number;
  /** What `tMax` counts. Default `"steps"`. */
  unit?: Unit;
}

/**
 * From 1 down to `etaMinFactor` (default 0) along half a cosine over `tMax` units, then constant (Loshchilov & Hutter 2017, without restarts).
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), schedule: cosineAnnealing({ tMax: 1000 }) });
 */
export function cosineAnnealing(options: CosineAnnealingOptions): Schedule {
  const read = readOptions("cosineAnnealing", options, () => {
    const etaMinFactor = number({ min: 0, default: 0 });
    return { tMax: integer({ min: 1 }), etaMinFactor, unit: unit() } satisfies Schema<CosineAnnealingOptions>;
  });
  const done = (progress: Progress) => count("cosineAnnealing", read.unit, progress) / read.tMax;
  const factor = (progress: Progress) =>
    read.etaMinFactor + (1 - read.etaMinFactor) * halfCosine(Math.min(1, done(progress)));
  return schedule("cosineAnnealing", read, factor, (progress) => done(progress) >= 1);
}

/** (1 + cos(π t)) / 2: from 1 at t = 0 to 0 at t = 1. */
const halfCosine = (t: number): number => (1 + cos(Math.PI * t)) / 2;

export interface OneCycleOptions {
  /** Units of the whole cycle. */
  totalSteps: number;
  /** Share of the steps in which the rate rises. Default 0.3. */
  pctStart?: number;
  /** The peak divided by the rate at the start. Default 25. */
  divFactor?: number;
  /** The rate at the start divided by the rate at the end. Default 1e4. */
  finalDivFactor?: number;
  /** What `totalSteps` counts. Default `"steps"`. */
  unit?: Unit;
}

/**
 * The 1cycle policy (Smith & Topin 2018): from 1 / divFactor (default 25) up to 1 during the first `pctStart` (default
 * 0.3) of `totalSteps`, then down to 1 / (divFactor · finalDivFactor) (default 1e4), both along a cosine. The
 * optimiser's `lr` is the peak.
 *
 * @example
 * oneCycle({ totalSteps: 1000 }); // lr of the optimiser is the highest
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const schema = () =>
    ({
      totalSteps: integer({ min: 2 }),
      pctStart: number({ min: 0, max: 1, open: "both", default: 0.3 }),
      divFactor: positive(25),
      finalDivFactor: positive(1e4),
      unit: unit(),
    }) satisfies Schema<OneCycleOptions>;
  const read = readOptions("oneCycle", options, schema);
  const between = (from: number, to: number, t: number) => to + (from - to) * halfCosine(t);
  const start = 1 / read.divFactor;
  const end = start / read.finalDivFactor;
  const peak = read.pctStart * read.totalSteps - 1;
  const done = (progress: Progress) => count("oneCycle", read.unit, progress);
  const factor = (step: number) => {
    if (step <= peak) return between(start, 1, peak > 0 ? step / peak : 1);
    return between(1, end, Math.min(1, (step - peak) / (read.totalSteps - 1 - peak)));
  };
  return schedule(
    "oneCycle",
    read,
    (progress) => factor(done(progress)),
    (progress) => done(progress) >= read.totalSteps,
  );
}

export interface WarmupOptions {
  /** Units until the rate is the whole one. */
  steps: number;
  /** Share of the rate in the first unit. Default 1 / steps. */
  startFactor?: number;
  /** What `steps` counts. Default `"steps"`. */
  unit?: Unit;
  /** The schedule that it is multiplied with. Default `constant()`. */
  after?: Schedule;
}

/** Whether a value can tell the learning rate's factor. */
export const isSchedule = (value: unknown): value is Schedule => hasMethod(value, "factor");

/**
 * Rises linearly from `startFactor` (default 1 / steps) to 1 over the first `steps` units, multiplied with the schedule `after`.
 *
 * @example
 * warmup({ steps: 100, after: cosineAnnealing({ tMax: 1000 }) });
 */
export function warmup(options: WarmupOptions): Schedule {
  const schema = () =>
    ({
      steps: integer({ min: 1 }),
      startFactor: optional(number({ min: 0, max: 1 })),
      unit: unit(),
      after: optional(checked("a schedule", isSchedule)),
    }) satisfies Schema<WarmupOptions>;
  const { steps, startFactor = 1 / steps, unit: by, after = constant() } = readOptions("warmup", options, schema);
  const rise = (step: number) => (step >= steps ? 1 : startFactor + ((1 - startFactor) * step) / steps);
  return {
    type: "warmup",
    factor: (progress) => rise(count("warmup", by, progress)) * after.factor(progress),
    isOver: (progress) => after.isOver?.(progress) ?? false,
    toJSON: () => ({ type: "warmup", options: { steps, startFactor, unit: by, after: after.toJSON() } }),
  };
}

const SCHEDULES = { constant, stepLR, multiStepLR, cosineAnnealing, oneCycle, warmup };

/** Rebuilds a schedule from `toJSON()`. */
export function scheduleFromJSON(json: unknown): Schedule {
  const { type, options }: { type?: unknown; options?: { after?: unknown } } = Object(json);
  const make = SCHEDULES[expectOneOf("scheduleFromJSON", "schedule type", type, keysOf(SCHEDULES))];
  const { after } = options ?? {};
  return make((after === undefined ? options : { ...options, after: scheduleFromJSON(after) }) as never);
}
