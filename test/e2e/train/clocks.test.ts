// Clocks: what schedules count, and evaluation, which takes what training took.
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  BatchNorm1d,
  constant,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  type Dataset,
  type FitOptions,
  Linear,
  mse,
  multiStepLR,
  oneCycle,
  residualMLP,
  type Schedule,
  Sequential,
  SGD,
  stepLR,
  type Trainer,
  warmup,
} from "../../../src/hosts/node/index.js";
import { blobs } from "../../support/datasets.js";
import { build, setWeights, weightBits } from "../../support/setups.js";

const make = async (schedule?: Schedule): Promise<Trainer> =>
  createTrainer(await build(new Linear(4, 3), [4]), {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 1 }),
    ...(schedule && { schedule }),
  });

/** Samples that are all the same. */
function fill(x: Float32Array, y: Int32Array | Float32Array): void {
  x.fill(1);
  y.fill(0);
}

/** The learning rate of each epoch. */
const rates = async (trainer: Trainer, length: number, options: FitOptions) =>
  (await trainer.fit(blobs(length), options)).epochs.map(({ lr }) => lr);

describe("epochs of schedules", () => {
  it("are those completed, whatever the batch size, the length, and dropLast", async () => {
    const milestone = await make(multiStepLR({ milestones: [3], unit: "epochs" }));
    expect(await rates(milestone, 40, { epochs: 2, batchSize: 20 })).toEqual([1, 1]);
    expect(await rates(milestone, 40, { epochs: 2, batchSize: 2 })).toEqual([1, 0.1]);
    expect(await rates(milestone, 10, { epochs: 1, batchSize: 10 })).toEqual([0.1]);
    const step = await make(stepLR({ stepSize: 2, gamma: 0.5, unit: "epochs" }));
    expect(await rates(step, 25, { epochs: 3, batchSize: 10 })).toEqual([1, 1, 0.5]);
    expect(await rates(step, 25, { epochs: 2, batchSize: 10, dropLast: true })).toEqual([0.5, 0.25]);
    const cosine = await make(cosineAnnealing({ tMax: 4, unit: "epochs" }));
    const halves = [
      ...(await rates(cosine, 40, { epochs: 2, batchSize: 4 })),
      ...(await rates(cosine, 8, { epochs: 2 })),
    ];
    expect(halves.map((lr) => Number(lr.toFixed(4)))).toEqual([1, 0.8536, 0.5, 0.1464]);
  });

  it("are counted by warm-up and one-cycle, too, and by what comes after a warm-up", async () => {
    const rise = await make(warmup({ steps: 4, unit: "epochs", after: stepLR({ stepSize: 3, unit: "epochs" }) }));
    expect(await rates(rise, 30, { epochs: 3, batchSize: 10 })).toEqual([0.25, 0.4375, 0.625]);
    expect((await rates(rise, 30, { epochs: 2, batchSize: 3 })).map((lr) => Number(lr.toFixed(6)))).toEqual([
      0.08125, 0.1,
    ]);
    const cycle = oneCycle({ totalSteps: 10, unit: "epochs" });
    const bySteps = oneCycle({ totalSteps: 10 });
    const trainer = await make(cycle);
    const seen = [
      ...(await rates(trainer, 20, { epochs: 5, batchSize: 5 })),
      ...(await rates(trainer, 20, { epochs: 5, batchSize: 2 })),
    ];
    expect(seen).toEqual(seen.map((_, step) => bySteps.factor({ step })));
  });

  it("leave out one that was given up, and single steps", async () => {
    const trainer = await make(multiStepLR({ milestones: [2], unit: "epochs" }));
    await trainer.fit(blobs(40), { batchSize: 10, maxSteps: 2 });
    expect(await rates(trainer, 20, { epochs: 3, batchSize: 10 })).toEqual([1, 1, 0.1]);
  });

  it("are kept in checkpoints", async () => {
    const first = await make(multiStepLR({ milestones: [3], unit: "epochs" }));
    await first.fit(blobs(40), { epochs: 2, batchSize: 20 });
    const second = await make(multiStepLR({ milestones: [3], unit: "epochs" }));
    await second.load(await first.save());
    expect(await rates(second, 40, { epochs: 2, batchSize: 4 })).toEqual([1, 0.1]);
  });
});

describe("a schedule that has nothing left", () => {
  const ended: [string, () => Schedule, RegExp][] = [
    [
      "cosine",
      () => cosineAnnealing({ tMax: 4 }),
      /cosineAnnealing after 4 steps and 1 epochs, where its factor stays 0/,
    ],
    ["cosine above 0", () => cosineAnnealing({ tMax: 3, etaMinFactor: 0.1 }), /its factor stays 0\.1\./],
    [
      "cosine in epochs",
      () => cosineAnnealing({ tMax: 1, unit: "epochs" }),
      /cosineAnnealing after 4 steps and 1 epochs/,
    ],
    ["one-cycle", () => oneCycle({ totalSteps: 4 }), /oneCycle after 4 steps/],
    ["one-cycle in epochs", () => oneCycle({ totalSteps: 2, pctStart: 0.6, unit: "epochs" }), /oneCycle after 8 steps/],
    ["warm-up before cosine", () => warmup({ steps: 2, after: cosineAnnealing({ tMax: 4 }) }), /warmup after 4 steps/],
  ];
  it.each(ended)("%s: a further fit is refused, or told to go on", async (_, schedule, message) => {
    const trainer = await make(schedule());
    await trainer.fit(blobs(8), { batchSize: 2 });
    if (message.source.includes("8 steps")) await trainer.fit(blobs(8), { batchSize: 2 });
    const before = weightBits(trainer.model);
    const error = await trainer.fit(blobs(8), { batchSize: 2 }).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/pastSchedule: true/);
    expect(weightBits(trainer.model)).toBe(before);
    expect((await trainer.fit(blobs(8), { batchSize: 2, pastSchedule: true })).losses.length).toBe(4);
  });

  it("for most of a fit, as when epochs were meant: refused", async () => {
    const message =
      /factor above 0 for most of the fit, got cosineAnnealing with 0 from step 50 of 100 on.*unit: "epochs"/;
    const trainer = await make(cosineAnnealing({ tMax: 10 }));
    await expect(trainer.fit(blobs(40), { epochs: 10, batchSize: 4 })).rejects.toThrow(message);
    const own: Schedule = { type: "mine", factor: () => 0, toJSON: () => ({ type: "mine", options: {} }) };
    await expect((await make(own)).fit(blobs(4))).rejects.toThrow(/got mine with 0 from step 0 of 1 on/);
  });

  it("is no matter of a fit that goes on, of a warm-up from 0, or of a constant rate", async () => {
    const trainer = await make(cosineAnnealing({ tMax: 5 }));
    await trainer.fit(blobs(16), { batchSize: 2, maxSteps: 6 });
    expect((await trainer.fit(blobs(16), { batchSize: 2 })).losses.length).toBe(2);
    expect(await rates(await make(warmup({ steps: 2, startFactor: 0 })), 8, { batchSize: 2 })).toEqual([1]);
    const steady = await make(constant());
    for (let i = 0; i < 3; i++) expect(await rates(steady, 8, {})).toEqual([1]);
  });
});

describe("a fit after one that was stopped", () => {
  it("runs the epochs that it is asked for", async () => {
    const trainer = await make();
    const controller = new AbortController();
    const onEpoch = ({ epoch }: { epoch: number }) => void (epoch === 4 && controller.abort());
    const first = await trainer.fit(blobs(20), {
      epochs: 10,
      batchSize: 4,
      signal: controller.signal,
      callbacks: [{ onEpoch }],
    });
    expect([first.stopped, first.losses.length]).toEqual(["aborted", 25]);
    for (const epochs of [3, 3, 1]) {
      const more = await trainer.fit(blobs(20), { epochs, batchSize: 4 });
      expect([more.stopped, more.losses.length, more.from]).toEqual(["finished", 5 * epochs, { epoch: 0, step: 0 }]);
      expect(more.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: epochs }, (_, i) => i));
    }
  });

  it("runs all of them after one that stopped within an epoch, fewer or more", async () => {
    for (const epochs of [8, 12]) {
      const trainer = await make();
      await trainer.fit(blobs(20), { epochs: 10, batchSize: 4, maxSteps: 27 });
      expect((await trainer.fit(blobs(20), { epochs, batchSize: 4 })).losses.length).toBe(5 * epochs);
    }
  });

  it("goes on and says from where, with the same number or none", async () => {
    for (const asked of [{ epochs: 10 }, {}]) {
      const trainer = await make();
      await trainer.fit(blobs(20), { epochs: 10, batchSize: 4, maxSteps: 27 });
      const { losses, from } = await trainer.fit(blobs(20), { ...asked, batchSize: 4 });
      expect([losses.length, from]).toEqual([23, { epoch: 5, step: 2 }]);
    }
  });
});

describe("evaluation", () => {
  it("takes no larger batches than training did, and no more than 128", async () => {
    const sizes = async (trainer: Trainer, options = {}) => {
      const dataset = blobs(300);
      await trainer.evaluate(dataset, options);
      return dataset.batches.map(({ length }) => length);
    };
    const trainer = await make();
    expect(await sizes(trainer)).toEqual([128, 128, 44]);
    await trainer.fit(blobs(100), { batchSize: 50 });
    expect(await sizes(trainer)).toEqual([50, 50, 50, 50, 50, 50]);
    trainer.step(new Float32Array(4 * 100), new Int32Array(100));
    expect(await sizes(trainer)).toEqual([100, 100, 100]);
    expect(await sizes(trainer, { batchSize: 150 })).toEqual([150, 150]);
    await trainer.fit(blobs(300), { batchSize: 300 });
    expect(await sizes(trainer)).toEqual([128, 128, 44]);
  });

  it("counts outputs with NaN as wrong, of all classes, and says how many", async () => {
    const zeros = {
      ...blobs(6),
      get: (_: unknown, x: Float32Array, y: Int32Array) => fill(x, y),
    } as Dataset;
    for (const place of [0, 1, 2]) {
      const trainer = await make();
      const bias = new Float32Array(3);
      bias[place] = NaN;
      setWeights(trainer.model, {
        weight: { data: new Float32Array(12), shape: [3, 4] },
        bias: { data: bias, shape: [3] },
      });
      expect(await trainer.evaluate(zeros)).toEqual({ loss: NaN, accuracy: 0, nonFinite: 6, samples: 6 });
    }
    expect(await (await make()).evaluate(zeros)).not.toHaveProperty("nonFinite");
    const line = createTrainer(await build(new Linear(4, 1), [4]), { loss: mse(), optimizer: new SGD({ lr: 1 }) });
    setWeights(line.model, { weight: { data: new Float32Array(4).fill(NaN), shape: [1, 4] } });
    const values: Dataset = {
      length: 5,
      inputShape: [4],
      targets: "values",
      targetShape: [1],
      get: (_, x, y) => fill(x, y),
    };
    expect(await line.evaluate(values)).toEqual({ loss: NaN, samples: 5, nonFinite: 5 });
  });

  it("after few steps is right when statistics have been gathered at a learning rate of 0", async () => {
    const network = new Sequential(new BatchNorm1d(4), residualMLP({ in: 4, width: 8, blocks: 1, out: 3 }));
    const model = await build(network, [4]);
    const loss = crossEntropy();
    const trainer = createTrainer(model, { loss, optimizer: new SGD({ lr: 0.3, momentum: 0.9 }) });
    const shifted = {
      ...blobs(256),
      get: (...args: Parameters<Dataset["get"]>) => {
        blobs(256).get(...(args as Parameters<ReturnType<typeof blobs>["get"]>));
        for (let i = 0; i < args[1].length; i++) args[1][i] = 100 + 20 * args[1][i];
      },
    } as Dataset;
    await trainer.fit(shifted, { epochs: 2, batchSize: 64 });
    const before = await trainer.evaluate(shifted);
    const weights = [...model.stateDict()].filter(([name]) => !/running|tracked/.test(name));
    await createTrainer(model, { loss, optimizer: new SGD({ lr: 0 }) }).fit(shifted, { epochs: 20, batchSize: 64 });
    const after = await trainer.evaluate(shifted);
    expect([...model.stateDict()].filter(([name]) => !/running|tracked/.test(name))).toEqual(weights);
    expect(after.loss).toBeLessThan(before.loss);
  });
});
