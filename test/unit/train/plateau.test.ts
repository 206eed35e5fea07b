// reduceOnPlateau against PyTorch's ReduceLROnPlateau (test/golden/generate/plateau.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FitBeginning } from "../../../src/train/callback.js";
import { type ReduceOnPlateauOptions, reduceOnPlateau } from "../../../src/train/callbacks/reduce-on-plateau.js";

interface Case {
  options: ReduceOnPlateauOptions;
  /** Null stands for NaN. */
  values: (number | null)[];
  rates: number[];
}

const cases: Case[] = JSON.parse(readFileSync(new URL("../../golden/data/plateau.json", import.meta.url), "utf8"));

describe("reduceOnPlateau", () => {
  it("gives PyTorch's rates, also when it goes on from its state", () => {
    expect(cases.length).toBe(72);
    for (const { options, values, rates } of cases) {
      const begin = { monitors: { loss: "min" } } as unknown as FitBeginning;
      let callback = reduceOnPlateau(options);
      callback.onBegin?.(begin);
      let lr = 0.1;
      values.forEach((value, epoch) => {
        if (epoch % 3 === 1) {
          const state = JSON.parse(JSON.stringify(callback.state?.()));
          callback = reduceOnPlateau(options);
          callback.load?.(state);
          callback.onBegin?.(begin);
        }
        callback.onEpoch?.({ epoch, loss: value ?? Number.NaN, lr, ms: 0 });
        lr = 0.1 * (callback.lrScale ?? 1);
        expect(lr, JSON.stringify([options, epoch])).toBeCloseTo(rates[epoch], 12);
      });
    }
  });
});
