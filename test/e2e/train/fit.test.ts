// The training loop: order of samples and of callbacks, all ways to stop, and going on afterwards.
import { describe, expect, it } from "vitest";
import {
  type Callback,
  createTrainer,
  crossEntropy,
  type FitOptions,
  type History,
  mse,
  NumericError,
  ResnetWasmError,
  residualMLP,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { blobs, lineDataset, type Recorded } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";

const net = residualMLP({ in: 4, width: 8, blocks: 1, out: 3, dropout: 0.1 });

async function newTrainer(seed = 5): Promise<Trainer> {
  return createTrainer(await build(net, [4], undefined, seed), {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
  });
}

/** What is the same in every run. */
const timeless = ({ epochs, losses, stopped }: Omit<History, "from">) => ({
  epochs: epochs.map(({ ms: _, ...rest }) => rest),
  losses,
  stopped,
});

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("what fit reports", () => {
  it("weighs losses by samples, evaluates after each epoch, calls back in order", async () => {
    const events: string[] = [];
    const callback = (name: string): Callback => ({
      onStep: ({ epoch, step, stepsPerEpoch, epochs, loss, gradNorm, lr }) => {
        expect([loss, gradNorm, lr].every(Number.isFinite)).toBe(true);
        events.push(`${name} step ${epoch}.${step} of ${epochs}.${stepsPerEpoch}`);
      },
      onEpoch: async ({ epoch, validation }) => {
        await Promise.resolve();
        events.push(`${name} epoch ${epoch} ${validation!.samples}`);
      },
      onEnd: ({ stopped }) => void events.push(`${name} end ${stopped}`),
    });
    const trainer = await newTrainer();
    const history = await trainer.fit(blobs(7), {
      epochs: 2,
      batchSize: 4,
      validation: blobs(9),
      callbacks: [callback("a"), callback("b")],
    });
    const both = (text: string) => [`a ${text}`, `b ${text}`];
    expect(events).toEqual(
      [
        "step 0.0 of 2.2",
        "step 0.1 of 2.2",
        "epoch 0 9",
        "step 1.0 of 2.2",
        "step 1.1 of 2.2",
        "epoch 1 9",
        "end finished",
      ].flatMap(both),
    );
    expect(history.losses.length).toBe(4);
    const [first, second] = history.losses;
    expect(history.epochs[0].loss).toBeCloseTo((first * 4 + second * 3) / 7, 12);
    expect(history.epochs[1]).toMatchObject({ epoch: 1, lr: 0.1, validation: { samples: 9 } });
    expect(history.epochs[1].ms).toBeGreaterThan(0);
    expect(history.epochs[1].validation).toEqual(await trainer.evaluate(blobs(9), { batchSize: 4 }));
  });

  it("does not depend on validation, on callbacks that predict, or on the batches of evaluation", async () => {
    const [plain, watched] = [await newTrainer(), await newTrainer()];
    const first = await plain.fit(blobs(40), { epochs: 3, batchSize: 8 });
    const onStep = () => void watched.model.predict(new Float32Array(12));
    const second = await watched.fit(blobs(40), {
      epochs: 3,
      batchSize: 8,
      validation: blobs(11),
      callbacks: [{ onStep, onEpoch: async () => void (await watched.evaluate(blobs(3))) }],
    });
    expect(second.losses).toEqual(first.losses);
    expect(weightBits(watched.model)).toBe(weightBits(plain.model));
    const [one, many] = [await plain.evaluate(blobs(30), { batchSize: 1 }), await plain.evaluate(blobs(30))];
    expect(one.accuracy).toBe(many.accuracy);
    expect(one.loss).toBeCloseTo(many.loss, 6);
  });

  it("learns", async () => {
    const trainer = await newTrainer();
    const { epochs } = await trainer.fit(blobs(300), { epochs: 15, validation: blobs(100, 4, 3, "held out") });
    expect(epochs[14].loss).toBeLessThan(0.6 * epochs[0].loss);
    expect(epochs[14].validation!.accuracy).toBeGreaterThan(0.65);
    const line = createTrainer(await build(residualMLP({ in: 2, width: 4, blocks: 0, out: 1 }), [2]), {
      loss: mse(),
      optimizer: new SGD({ lr: 0.05, momentum: 0.9 }),
    });
    const history = await line.fit(lineDataset(64), { epochs: 60, batchSize: 16, validation: lineDataset(10) });
    expect(history.epochs[59].validation!.loss).toBeLessThan(0.02);
    expect(history.epochs[59].validation).not.toHaveProperty("accuracy");
  });
});

describe("stopping", () => {
  const options: FitOptions = { epochs: 3, batchSize: 5 };

  it.each([1, 2, 4, 5, 7])("every %d steps and going on equals not having stopped, bit for bit", async (maxSteps) => {
    const [whole, pieces] = [await newTrainer(), await newTrainer()];
    const validation = blobs(6);
    const expected = timeless(await whole.fit(blobs(23), { ...options, validation }));
    const histories: History[] = [];
    do histories.push(await pieces.fit(blobs(23), { ...options, maxSteps, validation }));
    while (histories.at(-1)!.stopped === "maxSteps");
    const joined = {
      epochs: histories.flatMap(({ epochs }) => epochs),
      losses: histories.flatMap(({ losses }) => losses),
      stopped: histories.at(-1)!.stopped,
    };
    expect(timeless(joined)).toEqual(expected);
    expect(weightBits(pieces.model)).toBe(weightBits(whole.model));
    expect(histories[0].losses.length).toBe(maxSteps);
  });

  it("by a callback's or a dataset's error leaves a trainer that goes on", async () => {
    const [whole, broken] = [await newTrainer(), await newTrainer()];
    await whole.fit(blobs(23), options);
    const onStep = ({ epoch, step }: { epoch: number; step: number }) => {
      if (epoch === 1 && step === 2) throw new Error("mine");
    };
    await expect(broken.fit(blobs(23), { ...options, callbacks: [{ onStep }] })).rejects.toThrow("mine");
    const dataset = blobs(23);
    let left = 3;
    const get: Recorded["get"] = (...args) => {
      if (left-- === 0) throw new Error("disk");
      dataset.get(...args);
    };
    await expect(broken.fit({ ...dataset, get }, options)).rejects.toThrow("disk");
    expect((await broken.fit(blobs(23), options)).stopped).toBe("finished");
    expect(weightBits(broken.model)).toBe(weightBits(whole.model));
  });

  it("refuses datasets that use the model while they feed it", async () => {
    const [whole, trainer] = [await newTrainer(), await newTrainer()];
    const dataset = blobs(20);
    const get: Recorded["get"] = (...args) => {
      dataset.get(...args);
      trainer.model.predict(new Float32Array(40));
    };
    const before = weightBits(trainer.model);
    await expect(trainer.fit({ ...dataset, get }, options)).rejects.toThrow(/dataset\.get expected to leave the model/);
    await expect(trainer.evaluate({ ...dataset, get })).rejects.toThrow(ResnetWasmError);
    expect(weightBits(trainer.model)).toBe(before);
    expect((await trainer.fit(blobs(20), options)).losses).toEqual((await whole.fit(blobs(20), options)).losses);
  });
});

describe("a loss that is not finite", () => {
  it("stops fit with step and place; the next fit leaves that batch out", async () => {
    const trainer = await newTrainer();
    const dataset = blobs(20);
    const poisoned = {
      ...dataset,
      get: (...args: Parameters<Recorded["get"]>) => {
        dataset.get(...args);
        if (Array.from(args[0]).includes(11)) args[1][2] = NaN;
      },
    };
    const before: string[] = [];
    const callbacks = [{ onStep: () => void before.push(weightBits(trainer.model)) }];
    const error = await trainer
      .fit(poisoned, { batchSize: 5, shuffle: false, callbacks })
      .catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(NumericError);
    expect((error as Error).message).toMatch(/step 3: loss NaN; first not finite: the input/);
    expect(before.length).toBe(2);
    expect(weightBits(trainer.model)).toBe(before[1]);
    dataset.batches.length = 0;
    const { losses } = await trainer.fit(poisoned, { batchSize: 5, shuffle: false });
    expect(losses.length).toBe(1);
    expect(dataset.batches).toEqual([range(20).slice(15)]);
    expect(losses.every(Number.isFinite)).toBe(true);
  });
});
