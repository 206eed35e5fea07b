// What trainers do with schedules; test/unit/optim/schedules.test.ts holds those against PyTorch's.
import { describe, expect, it } from "vitest";
import { createTrainer, Linear, mse, type Schedule, SGD, stepLR } from "../../../src/hosts/node/index.js";
import { lineDataset } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";

describe("a trainer with a schedule", () => {
  it("takes the learning rate of each step, from fit and from step", async () => {
    const model = await build(new Linear(2, 1), [2]);
    const optimizer = new SGD({ lr: 0.4 });
    const trainer = createTrainer(model, { loss: mse(), optimizer, schedule: stepLR({ stepSize: 2, gamma: 0.5 }) });
    const rates = [1, 2, 3].map(() => trainer.step([1, 2], [3]).lr);
    await trainer.fit(lineDataset(6), { batchSize: 2, callbacks: [{ onStep: ({ lr }) => void rates.push(lr) }] });
    expect(rates).toEqual([0.4, 0.4, 0.2, 0.2, 0.1, 0.1]);
  });

  it("refuses a factor that would ruin the weights, before the step", async () => {
    const model = await build(new Linear(2, 1), [2]);
    for (const factor of [NaN, -1, Infinity]) {
      const schedule: Schedule = { type: "mine", factor: () => factor, toJSON: () => ({ type: "mine", options: {} }) };
      const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.4 }), schedule });
      const before = weightBits(model);
      expect(() => trainer.step([1, 2], [3])).toThrow(
        /mine: factor of step 0 expected a finite number of at least 0, got/,
      );
      expect(weightBits(model)).toBe(before);
    }
  });
});
