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
const timeless = ({ epochs, losses, stopped }: History) => ({
  epochs: epochs.map(({ ms: _, ...rest }) => rest),
  losses,
  stopped,
});

const sorted = (batches: number[][]) => batches.flat().toSorted((a, b) => a - b);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the order of samples", () => {
  it("is shuffled anew each epoch, every sample once, the same for the same seed", async () => {
    const orders: number[][][] = [];
    for (const seed of [5, 5, 6]) {
      const dataset = blobs(23);
      await (await newTrainer(seed)).fit(dataset, { epochs: 2, batchSize: 5 });
      expect(dataset.batches.map(({ length }) => length)).toEqual([5, 5, 5, 5, 3, 5, 5, 5, 5, 3]);
      expect(sorted(dataset.batches.slice(0, 5))).toEqual(range(23));
      expect(sorted(dataset.batches.slice(5))).toEqual(range(23));
      expect(dataset.batches.slice(0, 5)).not.toEqual(dataset.batches.slice(5));
      orders.push(dataset.batches);
    }
    expect(orders[1]).toEqual(orders[0]);
    expect(orders[2]).not.toEqual(orders[0]);
  });

  it("is kept with shuffle: false, cut with dropLast", async () => {
    const dataset = blobs(13);
    await (await newTrainer()).fit(dataset, { batchSize: 5, shuffle: false });
    expect(dataset.batches).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
      [10, 11, 12],
    ]);
    const cut = blobs(13);
    const { epochs } = await (await newTrainer()).fit(cut, { batchSize: 5, shuffle: false, dropLast: true, epochs: 2 });
    expect(cut.batches).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ]);
    expect(epochs.length).toBe(2);
  });

  it("goes on with other orders in the next fit", async () => {
    const dataset = blobs(20);
    const trainer = await newTrainer();
    await trainer.fit(dataset, { batchSize: 10 });
    await trainer.fit(dataset, { batchSize: 10 });
    expect(dataset.batches.slice(0, 2)).not.toEqual(dataset.batches.slice(2));
  });

  it("gives the dataset the number of the epoch, for augmentation", async () => {
    const seen: (number | undefined)[] = [];
    const inner = blobs(8);
    const dataset = {
      ...inner,
      get: (...args: Parameters<Recorded["get"]>) => {
        seen.push(args[3]);
        inner.get(...args);
      },
    };
    const trainer = await newTrainer();
    await trainer.fit(dataset, { epochs: 2, batchSize: 4 });
    await trainer.fit(dataset, { batchSize: 8 });
    expect(seen).toEqual([0, 0, 1, 1, 2]);
  });
});

describe("what fit reports", () => {
  it("weighs losses by samples, evaluates behind each epoch, calls back in order", async () => {
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

  it("by a signal, behind the step that runs", async () => {
    const controller = new AbortController();
    const trainer = await newTrainer();
    const history = await trainer.fit(blobs(50), {
      ...options,
      signal: controller.signal,
      callbacks: [{ onStep: ({ step }) => void (step === 3 && controller.abort()) }],
    });
    expect([history.stopped, history.losses.length]).toEqual(["aborted", 4]);
    expect((await trainer.fit(blobs(50), { ...options, signal: AbortSignal.abort() })).losses).toEqual([]);
    expect((await trainer.fit(blobs(50), options)).losses.length).toBe(26);
  });

  it("by time, while the event loop keeps turning", async () => {
    const trainer = await newTrainer();
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const started = performance.now();
    const history = await trainer.fit(blobs(1000), { epochs: 1e6, maxMs: 300 });
    clearInterval(timer);
    expect(history.stopped).toBe("maxMs");
    expect(performance.now() - started).toBeGreaterThanOrEqual(300);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(turns).toBeGreaterThan(5);
  });

  it("begins anew where the batches are others", async () => {
    const trainer = await newTrainer();
    await trainer.fit(blobs(50), { batchSize: 5, maxSteps: 4 });
    const other = blobs(12);
    const history = await trainer.fit(other, { batchSize: 5 });
    expect([history.stopped, history.losses.length]).toEqual(["finished", 3]);
    expect(sorted(other.batches)).toEqual(range(12));
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

  it("refuses a second fit, and loading, while one runs", async () => {
    const trainer = await newTrainer();
    const bytes = await trainer.save();
    const running = trainer.fit(blobs(50), options);
    await expect(trainer.fit(blobs(50), options)).rejects.toThrow(ResnetWasmError);
    await expect(trainer.load(bytes)).rejects.toThrow(/no fit at work/);
    expect((await running).losses.length).toBe(30);
    let inside: Promise<void> | undefined;
    await trainer.fit(blobs(50), { callbacks: [{ onEnd: () => (inside = trainer.load(bytes)) }] });
    await inside;
    expect(trainer.stepCount).toBe(0);
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
