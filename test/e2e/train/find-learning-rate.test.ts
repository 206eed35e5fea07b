// findLearningRate: its curve, its suggestion, and that nothing is left of it, here and in a worker.
import { describe, expect, it } from "vitest";
import { glyphs } from "../../../src/faces/data.js";
import { findLearningRate as findInWorker } from "../../../src/faces/worker.js";
import {
  AdamW,
  ArgumentError,
  BatchNorm1d,
  createModel,
  createTrainer,
  crossEntropy,
  Dropout,
  findLearningRate,
  Linear,
  ReLU,
  Sequential,
  SGD,
  type TrainerOptions,
  warmup,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { openModel } from "../worker/open.js";

const network = () =>
  new Sequential(new Linear(784, 32), new BatchNorm1d(32), new ReLU(), new Dropout(0.2), new Linear(32, 10));
const options = { inputShape: [784], seed: 3, relaxedSimd: false };
const data = glyphs({ count: 400, seed: 1 });
const training = (): TrainerOptions => ({
  loss: crossEntropy(),
  optimizer: new AdamW({ lr: 1e-3 }),
  schedule: warmup({ steps: 10 }),
  ema: 0.9,
  clipGradNorm: 1,
});

describe("findLearningRate", () => {
  it("leaves model, optimiser, averages and random state as they were", async () => {
    const trainer = createTrainer(await createModel(network(), options), training());
    await trainer.fit(data, { epochs: 2, maxSteps: 7 });
    const before = await trainer.save();
    const { curve } = await findLearningRate(trainer, data, { steps: 30 });
    expect(curve.length).toBeGreaterThan(10);
    expect(await trainer.save()).toEqual(before);
    // What was interrupted goes on.
    const history = await trainer.fit(data, { epochs: 2 });
    expect(history.from).toEqual({ epoch: 0, step: 7 });
    const other = createTrainer(await createModel(network(), options), training());
    await other.fit(data, { epochs: 2 });
    expect(await trainer.save()).toEqual(await other.save());
  });

  it("tries rates that rise evenly, and ends where the loss has run away", async () => {
    const trainer = createTrainer(await createModel(network(), options), {
      loss: crossEntropy(),
      optimizer: new SGD({ lr: 0.5 }),
    });
    const { curve, suggestion } = await findLearningRate(trainer, data, { min: 1e-4, max: 1e4, steps: 60 });
    expect(curve.length).toBeLessThan(60);
    expect(curve[0].lr).toBeCloseTo(1e-4, 12);
    expect(curve[1].lr / curve[0].lr).toBeCloseTo(10 ** (8 / 59), 8);
    expect(curve[0].smooth).toBeCloseTo(curve[0].loss, 12);
    expect(curve.at(-1)!.smooth).toBeGreaterThan(4 * Math.min(...curve.map(({ smooth }) => smooth)));
    // A rate that trains: the loss after an epoch with it is the least of three.
    const lossAt = async (lr: number) => {
      const fresh = createTrainer(await createModel(network(), options), {
        loss: crossEntropy(),
        optimizer: new SGD({ lr }),
      });
      await fresh.fit(data, { epochs: 2 }).catch(() => {});
      return (await fresh.evaluate(data)).loss;
    };
    const [less, found, more] = [
      await lossAt(suggestion! / 100),
      await lossAt(suggestion!),
      await lossAt(suggestion! * 100),
    ];
    expect(found).toBeLessThan(less);
    expect(found).toBeLessThan(more || Infinity);
  });

  it("does the same in a worker", async () => {
    const here = createTrainer(await createModel(network(), options), training());
    const there = await createWorkerTrainer(await openModel(network(), options), training());
    const expected = await findLearningRate(here, data, { steps: 20 });
    expect(await findInWorker(there, data, { steps: 20 })).toEqual(expected);
    expect(await there.save()).toEqual(await here.save());
    expect(there.stepCount).toBe(0);
    await there.model.dispose();
  });

  it("can be stopped, and refuses what does not fit", async () => {
    const trainer = createTrainer(await createModel(network(), options), training());
    const before = await trainer.save();
    const signal = AbortSignal.abort(new TypeError("enough"));
    await expect(findLearningRate(trainer, data, { signal })).rejects.toThrow(TypeError);
    expect(await trainer.save()).toEqual(before);
    await expect(findLearningRate(trainer, data, { min: 0 })).rejects.toThrow(ArgumentError);
    await expect(findLearningRate(trainer, data, { step: 9 } as never)).rejects.toThrow(/Did you mean "steps"/);
    await trainer.fit(data, { epochs: 1 });
  });
});
