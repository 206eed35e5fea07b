/**
 * Learning-rate schedules: factors on the optimiser's learning rate, as pure functions of progress. PyTorch's names and
 * formulas; `unit` says whether their numbers count optimiser steps (default) or epochs.
 */
import { expectInteger, expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { cos, ipow } from "../core/math.js";

/** Steps taken so far; steps in an epoch where they are known (inside `fit`). */
export interface Progress {
  step: number;
  stepsPerEpoch?: number;
}

/** A learning-rate schedule: a pure function of progress. One of your own needs `type`, `factor` and `toJSON`. */
export interface Schedule {
  readonly type: string;
  /** What to multiply the optimiser's `lr` with in the step that comes next. */
  factor(progress: Progress): number;
  toJSON(): { type: string; options: object };
}

export type Unit = "steps" | "epochs";

/** Completed steps, or completed epochs. */
function count(type: string, unit: Unit, { step, stepsPerEpoch }: Progress): number {
  if (unit === "steps") return step;
  if (stepsPerEpoch === undefined) {
    const hint = 'Use unit: "steps" with trainer.step';
    throw new ArgumentError(
      expectation(type, "unit", "epochs only inside fit, which knows them", "a bare step", { hint }),
    );
  }
  return Math.floor(step / stepsPerEpoch);
}

const units: readonly Unit[] = ["steps", "epochs"];

/** The same learning rate throughout. */
export function constant(options?: object): Schedule {
  expectOptions("constant", options, []);
  return { type: "constant", factor: () => 1, toJSON: () => ({ type: "constant", options: {} }) };
}

/** Multiplies by `gamma` (default 0.1) every `stepSize` units. */
export function stepLR(options: { stepSize: number; gamma?: number; unit?: Unit }): Schedule {
  const { stepSize, gamma = 0.1, unit = "steps" } = expectOptions("stepLR", options, ["stepSize", "gamma", "unit"]);
  expectInteger("stepLR", "stepSize", stepSize, 1);
  expectNumber("stepLR", "gamma", gamma, 0);
  expectOneOf("stepLR", "unit", unit, units);
  return {
    type: "stepLR",
    factor: (progress) => ipow(gamma, Math.floor(count("stepLR", unit, progress) / stepSize)),
    toJSON: () => ({ type: "stepLR", options: { stepSize, gamma, unit } }),
  };
}

/** Multiplies by `gamma` (default 0.1) at each of the `milestones`. */
export function multiStepLR(options: { milestones: readonly number[]; gamma?: number; unit?: Unit }): Schedule {
  const {
    milestones,
    gamma = 0.1,
    unit = "steps",
  } = expectOptions("multiStepLR", options, ["milestones", "gamma", "unit"]);
  if (!Array.isArray(milestones))
    throw new ArgumentError(expectation("multiStepLR", "milestones", "an array of numbers", milestones));
  milestones.forEach((milestone, i) => void expectInteger("multiStepLR", `milestones[${i}]`, milestone, 0));
  expectNumber("multiStepLR", "gamma", gamma, 0);
  expectOneOf("multiStepLR", "unit", unit, units);
  const passed = (n: number) => milestones.filter((milestone) => n >= milestone).length;
  return {
    type: "multiStepLR",
    factor: (progress) => ipow(gamma, passed(count("multiStepLR", unit, progress))),
    toJSON: () => ({ type: "multiStepLR", options: { milestones: [...milestones], gamma, unit } }),
  };
}

/** From 1 down to `etaMinFactor` (default 0) along half a cosine over `tMax` units, then constant (Loshchilov & Hutter 2017, without restarts). */
export function cosineAnnealing(options: { tMax: number; etaMinFactor?: number; unit?: Unit }): Schedule {
  const {
    tMax,
    etaMinFactor = 0,
    unit = "steps",
  } = expectOptions("cosineAnnealing", options, ["tMax", "etaMinFactor", "unit"]);
  expectInteger("cosineAnnealing", "tMax", tMax, 1);
  expectNumber("cosineAnnealing", "etaMinFactor", etaMinFactor, 0);
  expectOneOf("cosineAnnealing", "unit", unit, units);
  return {
    type: "cosineAnnealing",
    factor: (progress) => {
      const t = Math.min(1, count("cosineAnnealing", unit, progress) / tMax);
      return etaMinFactor + (1 - etaMinFactor) * halfCosine(t);
    },
    toJSON: () => ({ type: "cosineAnnealing", options: { tMax, etaMinFactor, unit } }),
  };
}

/** (1 + cos(π t)) / 2: from 1 at t = 0 to 0 at t = 1. */
const halfCosine = (t: number): number => (1 + cos(Math.PI * t)) / 2;

/**
 * The 1cycle policy (Smith & Topin 2018): from 1 / divFactor (default 25) up to 1 during the first `pctStart` (default
 * 0.3) of `totalSteps`, then down to 1 / (divFactor · finalDivFactor) (default 1e4), both along a cosine. The
 * optimiser's `lr` is the peak.
 */
export function oneCycle(options: {
  totalSteps: number;
  pctStart?: number;
  divFactor?: number;
  finalDivFactor?: number;
}): Schedule {
  const known = ["totalSteps", "pctStart", "divFactor", "finalDivFactor"] as const;
  const {
    totalSteps,
    pctStart = 0.3,
    divFactor = 25,
    finalDivFactor = 1e4,
  } = expectOptions("oneCycle", options, known);
  expectInteger("oneCycle", "totalSteps", totalSteps, 2);
  expectNumber("oneCycle", "pctStart", pctStart, 0, 1, "both");
  expectNumber("oneCycle", "divFactor", divFactor, 0, Infinity, "min");
  expectNumber("oneCycle", "finalDivFactor", finalDivFactor, 0, Infinity, "min");
  const between = (from: number, to: number, t: number) => to + (from - to) * halfCosine(t);
  const start = 1 / divFactor;
  const end = start / finalDivFactor;
  const peak = pctStart * totalSteps - 1;
  return {
    type: "oneCycle",
    factor: ({ step }) => {
      if (step <= peak) return between(start, 1, peak > 0 ? step / peak : 1);
      return between(1, end, Math.min(1, (step - peak) / (totalSteps - 1 - peak)));
    },
    toJSON: () => ({ type: "oneCycle", options: { totalSteps, pctStart, divFactor, finalDivFactor } }),
  };
}

/** Rises linearly from `startFactor` (default 1 / steps) to 1 over the first `steps` steps, multiplied with the schedule `after`. */
export function warmup(options: { steps: number; startFactor?: number; after?: Schedule }): Schedule {
  const {
    steps,
    startFactor = 1 / options?.steps,
    after = constant(),
  } = expectOptions("warmup", options, ["steps", "startFactor", "after"]);
  expectInteger("warmup", "steps", steps, 1);
  if (typeof after?.factor !== "function") throw new ArgumentError(expectation("warmup", "after", "a schedule", after));
  expectNumber("warmup", "startFactor", startFactor, 0, 1);
  const rise = (step: number) => (step >= steps ? 1 : startFactor + ((1 - startFactor) * step) / steps);
  return {
    type: "warmup",
    factor: (progress) => rise(progress.step) * after.factor(progress),
    toJSON: () => ({ type: "warmup", options: { steps, startFactor, after: after.toJSON() } }),
  };
}

const SCHEDULES = { constant, stepLR, multiStepLR, cosineAnnealing, oneCycle, warmup };

/** Rebuilds a schedule from `toJSON()`. */
export function scheduleFromJSON(json: unknown): Schedule {
  const { type, options } = (json ?? {}) as { type?: unknown; options?: { after?: unknown } };
  const names = Object.keys(SCHEDULES) as (keyof typeof SCHEDULES)[];
  const make = SCHEDULES[expectOneOf("scheduleFromJSON", "schedule type", type as string, names)];
  const { after } = options ?? {};
  return make((after === undefined ? options : { ...options, after: scheduleFromJSON(after) }) as never);
}
