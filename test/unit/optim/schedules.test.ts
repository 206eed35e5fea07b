// Schedules against PyTorch's, and what they say of themselves.
import { describe, expect, it } from "vitest";
import { readJson } from "../../golden/load.js";
import {
  ArgumentError,
  constant,
  cosineAnnealing,
  multiStepLR,
  oneCycle,
  type Schedule,
  stepLR,
  warmup,
} from "../../support/stubbed.js";

interface Golden {
  name: string;
  schedule: "constant" | "stepLR" | "multiStepLR" | "cosineAnnealing" | "oneCycle" | "warmup";
  // biome-ignore lint/suspicious/noExplicitAny: each schedule has options of its own
  options: any;
  factors: number[];
}

const schedules = { constant, stepLR, multiStepLR, cosineAnnealing, oneCycle, warmup };
const factors = (schedule: Schedule, steps: number, stepsPerEpoch?: number) =>
  Array.from({ length: steps }, (_, step) => schedule.factor({ step, stepsPerEpoch }));

describe("schedules", () => {
  it.each(readJson<Golden[]>("schedules.json").map((golden) => [golden.name, golden] as const))(
    "%s follows PyTorch",
    (_, golden) => {
      const schedule = schedules[golden.schedule](golden.options);
      factors(schedule, golden.factors.length).forEach((factor, step) => {
        expect(Math.abs(factor - golden.factors[step]), `step ${step}`).toBeLessThan(1e-12); // PyTorch multiplies step by step
      });
      expect(schedule.toJSON()).toMatchObject({ type: golden.schedule, options: golden.options });
    },
  );

  it("stay at their end", () => {
    expect(factors(cosineAnnealing({ tMax: 5, etaMinFactor: 0.2 }), 9).slice(5)).toEqual([0.2, 0.2, 0.2, 0.2]);
    expect(oneCycle({ totalSteps: 10 }).factor({ step: 50 })).toBeCloseTo(1 / 25e4, 12);
    expect(warmup({ steps: 4 }).factor({ step: 100 })).toBe(1);
  });

  it("count epochs inside fit, and refuse to elsewhere", () => {
    const byEpoch = stepLR({ stepSize: 2, gamma: 0.5, unit: "epochs" });
    expect(factors(byEpoch, 12, 3)).toEqual([1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(() => byEpoch.factor({ step: 0 })).toThrow(/epochs only inside fit/);
    expect(cosineAnnealing({ tMax: 2, unit: "epochs" }).factor({ step: 7, stepsPerEpoch: 5 })).toBeCloseTo(0.5, 14);
  });

  it("multiply: a warmup in front of another", () => {
    const both = warmup({ steps: 10, startFactor: 0.1, after: cosineAnnealing({ tMax: 20 }) });
    factors(both, 25).forEach((factor, step) => {
      expect(factor).toBe(
        warmup({ steps: 10, startFactor: 0.1 }).factor({ step }) * cosineAnnealing({ tMax: 20 }).factor({ step }),
      );
    });
    expect(JSON.stringify(both)).toContain('"after":{"type":"cosineAnnealing"');
  });

  it("refuse options that make no sense", () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => stepLR({ stepSize: 0 }), /stepSize .* got 0/],
      [() => stepLR({ stepSize: 1, unit: "days" as "steps" }), /unit expected "steps" or "epochs", got "days"/],
      [() => multiStepLR({ milestones: [1, -1] }), /milestones\[1\] .* got -1/],
      [() => multiStepLR({ milestones: 3 as unknown as number[] }), /milestones expected an array/],
      [() => cosineAnnealing({ tMax: 0 }), /tMax .* got 0/],
      [() => oneCycle({ totalSteps: 10, pctStart: 1 }), /pctStart .* got 1/],
      [() => warmup(undefined as never), /steps .* got undefined/],
      [() => warmup({ steps: 2, after: 5 as never }), /after expected a schedule, got 5/],
      [() => constant({ factor: 2 }), /option expected none, got "factor"/],
    ];
    for (const [make, message] of wrong) {
      expect(make).toThrow(ArgumentError);
      expect(make).toThrow(message);
    }
  });
});
