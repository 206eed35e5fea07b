// The training loop: order of samples and of callbacks, all ways to stop, and going on afterwards.
import { describe, expect, it } from "vitest";
import { blobs, type Recorded } from "../../support/datasets.js";
import {
  build,
  createTrainer,
  crossEntropy,
  type FitOptions,
  ResnetWasmError,
  residualMLP,
  SGD,
  type Trainer,
} from "../../support/stubbed.js";

const net = residualMLP({ in: 4, width: 8, blocks: 1, out: 3, dropout: 0.1 });

async function newTrainer(seed = 5): Promise<Trainer> {
  return createTrainer(await build(net, [4], undefined, seed), {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
  });
}

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

describe("stopping", () => {
  const options: FitOptions = { epochs: 3, batchSize: 5 };

  it("by a signal, after the step that runs", async () => {
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
