// What stops a fit, when it is heard, and where the next one goes on; clocks that stand still.
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createYielder } from "../../../src/core/yield.js";
import {
  BatchNorm1d,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  type Dataset,
  type FitOptions,
  Linear,
  RuntimeSupportError,
  type Schedule,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/hosts/node/worker.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { blobs } from "../../support/datasets.js";
import { build, weightBits } from "../../support/setups.js";
import { openModel } from "../worker/open.js";

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

/** Loads for this long before each batch. */
function slow(length: number, ms: number): { dataset: Dataset; loads: number[][] } {
  const loads: number[][] = [];
  const prefetch = (indices: ArrayLike<number>) => {
    loads.push(Array.from(indices));
    return new Promise<void>((resolve) => setTimeout(resolve, ms));
  };
  return { dataset: { ...blobs(length), prefetch }, loads };
}

const never = (length: number): Dataset => ({ ...blobs(length), prefetch: () => new Promise<void>(() => {}) });

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  return [await work, performance.now() - started];
}

describe("limits", () => {
  it("are heard while the dataset is loading, of training and of validation", async () => {
    const soon = () => AbortSignal.timeout(40);
    for (const [options, stopped] of [
      [{ signal: soon() }, "aborted"],
      [{ maxMs: 40 }, "maxMs"],
      [{ signal: soon(), validation: never(8) }, "aborted"],
      [{ maxMs: 40, validation: never(8) }, "maxMs"],
    ] as const) {
      const train = "validation" in options ? blobs(8) : never(8);
      const [history, ms] = await timed((await make()).fit(train, options));
      expect(history.stopped).toBe(stopped);
      expect(ms).toBeLessThan(1500);
    }
    const trainer = await make();
    await expect(trainer.evaluate(never(8), { signal: AbortSignal.timeout(20) })).rejects.toThrow(/timeout/i);
  });

  it("are heard within validation, and it goes on where it stopped", async () => {
    const [trainer, whole] = [await make(), await make()];
    const { dataset: validation, loads } = slow(40, 15);
    const options = { batchSize: 4, epochs: 2, validation };
    const histories = [];
    do histories.push(await trainer.fit(blobs(8), { ...options, maxMs: 50 }));
    while (histories.at(-1)!.stopped === "maxMs" && histories.length < 100);
    expect(histories.length).toBeGreaterThan(3);
    expect(loads.length).toBe(20); // each batch of both validations once
    const records = histories.flatMap(({ epochs }) => epochs.map(({ ms: _, ...rest }) => rest));
    const expected = await whole.fit(blobs(8), { ...options, validation: blobs(40) });
    expect(records).toEqual(expected.epochs.map(({ ms: _, ...rest }) => rest));
    expect(weightBits(trainer.model)).toBe(weightBits(whole.model));
  });

  it("of time let every call make a step, of a long dataset, too", async () => {
    const length = 500_000;
    const dataset: Dataset = {
      length,
      inputShape: [4],
      targets: "class",
      classes: 3,
      get: (_, x, y) => fill(x, y),
    };
    const trainer = await make();
    for (let i = 0; i < 10; i++)
      expect((await trainer.fit(dataset, { maxMs: 1e-3, shuffle: i < 5 })).losses.length).toBeGreaterThan(0);
    const { dataset: loading } = slow(8, 30);
    const other = await make();
    let losses = 0;
    for (let i = 0; i < 30 && losses < 2; i++)
      losses += (await other.fit(loading, { batchSize: 4, maxMs: 10 })).losses.length;
    expect(losses).toBe(2);
  });

  it("reject with what loading was rejected with", async () => {
    const dataset: Dataset = { ...blobs(8), prefetch: () => Promise.reject(new Error("disk")) };
    await expect((await make()).fit(dataset, { maxMs: 1000 })).rejects.toThrow("disk");
    await expect((await make()).evaluate(dataset, { signal: new AbortController().signal })).rejects.toThrow("disk");
  });

  it("are heard in a worker", async () => {
    const model = await openModel(new Linear(4, 3), { inputShape: [4] });
    const trainer = await createWorkerTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1 }) });
    const controller = new AbortController();
    const { signal } = controller;
    const prefetch = () => {
      setTimeout(() => controller.abort(), 20);
      return new Promise<void>(() => {});
    };
    const aborted = await trainer.fit(blobs(8), { signal, validation: { ...blobs(8), prefetch } });
    expect([aborted.stopped, aborted.losses.length]).toEqual(["aborted", 1]);
    const [history, ms] = await timed(trainer.fit(blobs(8), { maxMs: 40, validation: never(8) }));
    expect([history.stopped, history.losses.length]).toEqual(["maxMs", 0]); // goes on in validation
    expect(ms).toBeLessThan(2000);
    await model.dispose();
  });
});

describe("in a worker", () => {
  const models: WorkerModel[] = [];
  const open = async () => {
    const model = await openModel(new Linear(4, 3), { inputShape: [4] });
    models.push(model);
    return createWorkerTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1 }) });
  };
  afterAll(() => Promise.all(models.map((model) => model.dispose())));

  it("calls that end before a batch of the page is there come on all the same, and load nothing twice", async () => {
    const [trainer, whole] = [await open(), await make()];
    const [train, validation] = [slow(16, 30), slow(12, 30)];
    const options = { batchSize: 4, epochs: 2, shuffle: false };
    const histories = [];
    do histories.push(await trainer.fit(train.dataset, { ...options, validation: validation.dataset, maxMs: 10 }));
    while (histories.at(-1)!.stopped === "maxMs" && histories.length < 200);
    expect(histories.at(-1)!.stopped).toBe("finished");
    expect(histories.length).toBeGreaterThan(6);
    expect([train.loads.length, validation.loads.length]).toEqual([8, 6]); // each batch once an epoch
    const expected = await whole.fit(blobs(16), { ...options, validation: blobs(12) });
    expect(histories.flatMap(({ losses }) => losses)).toEqual(expected.losses);
    expect(await trainer.save()).toEqual(await whole.save());
  });

  it("a load that was left and failed is told to the call that waits for it", async () => {
    const trainer = await open();
    let loads = 0;
    const prefetch = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      if (++loads <= 2) throw new Error(`disk ${loads}`);
    };
    const dataset: Dataset = { ...blobs(8), prefetch };
    expect((await trainer.fit(dataset, { batchSize: 8, maxMs: 5 })).stopped).toBe("maxMs");
    await expect(trainer.fit(dataset, { batchSize: 8 })).rejects.toThrow("disk 2"); // asked once more
    expect((await trainer.fit(dataset, { batchSize: 8 })).losses.length).toBe(1);
  });

  it("a dataset that has become another is not taken for the one before", async () => {
    const trainer = await open();
    const first = { ...blobs(8) };
    expect((await trainer.evaluate(first)).samples).toBe(8);
    expect((await trainer.evaluate(Object.assign(first, blobs(6)))).samples).toBe(6);
  });
});

describe("a fit that is refused", () => {
  it("leaves the place of the interrupted one", async () => {
    const [trainer, whole] = [await make(cosineAnnealing({ tMax: 8 })), await make(cosineAnnealing({ tMax: 8 }))];
    const options = { epochs: 2, batchSize: 4 };
    await whole.fit(blobs(16), options);
    await trainer.fit(blobs(16), { ...options, maxSteps: 5 });
    const named: Dataset = { ...blobs(16), classNames: ["a", "b", "c"] };
    const refused: [Dataset, FitOptions, RegExp][] = [
      [blobs(16), { ...options, batchSize: 32, dropLast: true }, /at least one batch of 32/],
      [blobs(16), { epochs: 30, batchSize: 4 }, /factor above 0 for most of the fit/],
      [named, { epochs: 3, validation: { ...named, classNames: ["b", "a", "c"] } }, /classNames expected/],
      [blobs(16), { epochs: 3, validation: blobs(8, 5) }, /dataset\.inputShape expected/],
    ];
    for (const [dataset, other, message] of refused) await expect(trainer.fit(dataset, other)).rejects.toThrow(message);
    const rest = await trainer.fit(blobs(16), options);
    expect(rest.from).toEqual({ epoch: 1, step: 1 });
    expect(rest.losses.length).toBe(3);
    expect(weightBits(trainer.model)).toBe(weightBits(whole.model));
  });

  it("by the last batch, too", async () => {
    const network = () => new Sequential(new BatchNorm1d(4), new Linear(4, 3));
    const trainer = createTrainer(await build(network(), [4]), { loss: crossEntropy(), optimizer: new SGD({ lr: 1 }) });
    await trainer.fit(blobs(16), { batchSize: 4, maxSteps: 2 });
    await expect(trainer.fit(blobs(16), { batchSize: 5 })).rejects.toThrow(/^fit: The last batch has 1 of 16 samples/);
    expect((await trainer.fit(blobs(16), { batchSize: 4 })).from).toEqual({ epoch: 0, step: 2 });
  });
});

describe("a clock that stands still", () => {
  afterEach(() => vi.restoreAllMocks());

  it("lets timers and signals through by the number of steps", async () => {
    vi.spyOn(performance, "now").mockReturnValue(5);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const { stopped } = await (await make()).fit(blobs(64), { epochs: 1e6, batchSize: 4, signal: controller.signal });
    expect(stopped).toBe("aborted");
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const pause = createYielder();
    for (let i = 0; i < 300; i++) await pause();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it("counts the time that passes at turns, where it goes on then", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const timer = setInterval(() => void (now += 20), 1);
    const { stopped } = await (await make()).fit(blobs(64), { epochs: 1e6, batchSize: 4, maxMs: 100 });
    clearInterval(timer);
    expect(stopped).toBe("maxMs");
  });

  it("is told where maxMs needs it", async () => {
    vi.spyOn(performance, "now").mockReturnValue(5);
    const fit = (await make()).fit(blobs(64), { epochs: 1e6, batchSize: 4, maxMs: 100 });
    await expect(fit).rejects.toThrow(RuntimeSupportError);
    await expect(fit).rejects.toThrow(/maxMs expected a clock that goes, got one that stands still\. Use maxSteps/);
  });
});
