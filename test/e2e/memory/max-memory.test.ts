// What a model may take of memory and work is compared with what it would take before anything is asked for.
import { describe, expect, it } from "vitest";
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  createModel,
  createTrainer,
  Flatten,
  type Layer,
  Linear,
  loadModel,
  MaxPool2d,
  mse,
  ReLU,
  RuntimeSupportError,
  Sequential,
  SGD,
  Softmax,
  ZeroPad2d,
} from "../../../src/hosts/node/index.js";
import { loadModel as loadForInference } from "../../../src/hosts/node/inference.js";
import { writeModel } from "../../../src/model/saving.js";
import { openModel, rejection, reopenModel } from "../worker/open.js";

const pad = (size: number): Layer => new ZeroPad2d(size);
const list = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);
const MB = 2 ** 20;

/** Networks without a weight, whose files have less than a kilobyte (the last: 40 KB). */
const greedy: Record<string, { network: Layer; limit: "maxMemory" | "maxWork" }> = {
  "a border of 10,000 pixels": { network: pad(10_000), limit: "maxMemory" },
  "a border of 2^30 pixels": { network: pad(2 ** 30), limit: "maxMemory" },
  "a grid of 30,000 bins a side": { network: new AdaptiveAvgPool2d(30_000), limit: "maxMemory" },
  "a softmax over 600 million numbers": {
    network: new Sequential(pad(12_000), new Flatten(), new Softmax()),
    limit: "maxMemory",
  },
  "the largest of 4000 x 4000 numbers, 16 million times": {
    network: new Sequential(pad(4000), new MaxPool2d({ kernelSize: 4000, stride: 1 })),
    limit: "maxWork",
  },
  "the mean of 4000 x 4000 numbers, 16 million times": {
    network: new Sequential(pad(4000), new AvgPool2d({ kernelSize: 4000, stride: 1 })),
    limit: "maxWork",
  },
  "thousands of windows on millions of numbers": {
    network: new Sequential(pad(4000), ...list(1000, () => new MaxPool2d({ kernelSize: 9, stride: 1, padding: 4 }))),
    limit: "maxWork",
  },
};

const fileOf = (network: Layer, inputShape: number[]): Uint8Array<ArrayBuffer> =>
  writeModel({ network, inputShape }, new Map(), "F32");

describe.each(Object.entries(greedy))("%s", (_, { network, limit }) => {
  const bytes = fileOf(network, [1, 1, 1]);
  const message = new RegExp(`^loadModel: ${limit} expected at least [\\d.e+]+ for one sample, got [\\d.e+]+$`);

  it("is refused by every loadModel, soon and without the memory", async () => {
    const before = process.memoryUsage.rss();
    const start = process.cpuUsage();
    for (const load of [loadModel, loadForInference, reopenModel]) {
      const error = await rejection(load(bytes));
      expect(error).toBeInstanceOf(RuntimeSupportError);
      expect(error.message).toMatch(message);
    }
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(5);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * MB);
  });
});

describe("maxMemory", () => {
  const wide = new Sequential(new Linear(4, 2 ** 18), new ReLU(), new Linear(2 ** 18, 1)); // 4 and 1 MB of weights

  it("of createModel is compared before memory is asked for, in the worker too", async () => {
    const options = { inputShape: [4], maxMemory: 2 * MB };
    for (const make of [createModel, openModel]) {
      const error = await rejection(make(wide, options));
      expect(error).toBeInstanceOf(RuntimeSupportError);
      expect(error.message).toMatch(/^createModel: maxMemory expected at least \d{8} for one sample, got 2097152$/);
    }
  });

  it("holds for what comes later: batches, gradients, training; the model goes on", async () => {
    for (const threads of [1, { force: 2 }]) {
      const model = await createModel(wide, { inputShape: [4], maxMemory: 24 * MB, threads });
      const refused = /memory: size expected at most 25165824 bytes.*got \d{9} bytes.*Use a smaller batch/;
      const y = model.predict(new Float32Array(4)).data;
      expect(() => model.predict(new Float32Array(400), { batchSize: 100 })).toThrow(refused);
      expect(() => model.forward(new Float32Array(400))).toThrow(RuntimeSupportError);
      const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0 }) });
      expect(() => trainer.step(new Float32Array(400), new Float32Array(100))).toThrow(RuntimeSupportError);
      expect(model.predict(new Float32Array(4)).data).toEqual(y);
      expect(model.engine.executor.memory.memory.buffer.byteLength).toBeLessThanOrEqual(24 * MB);
      model.dispose();
    }
  });

  it("of loadModel takes what the default refuses, and refuses what it takes", async () => {
    const saved = await (await createModel(wide, { inputShape: [4] })).save();
    expect((await loadModel(saved)).outputShape).toEqual([1]);
    const error = await rejection(loadModel(saved, { maxMemory: 2 * MB }));
    expect(error.message).toMatch(/^loadModel: maxMemory expected at least \d{8} for one sample, got 2097152$/);
    const padded = fileOf(pad(10_000), [1, 1, 1]);
    const model = await loadModel(padded, { maxMemory: 2 ** 32, threads: 1 });
    expect(model.outputShape).toEqual([20_001, 20_001, 1]);
  });

  it("is told by memoryPlan", async () => {
    const model = await createModel(wide, { inputShape: [4] });
    const { total } = model.memoryPlan();
    const saved = await model.save();
    await expect(loadModel(saved, { maxMemory: total })).resolves.toBeDefined();
    await expect(loadModel(saved, { maxMemory: Math.floor(total * 0.9) })).rejects.toThrow(/maxMemory/);
  });

  it.each([0, -1, 65_535, 2 ** 32 + 1, Number.NaN, 1e7 + 0.5, "1GB"])(
    "is no number of bytes: %j",
    async (maxMemory) => {
      const options = { inputShape: [4], maxMemory: maxMemory as number };
      await expect(createModel(wide, options)).rejects.toThrow(/^createModel: maxMemory expected an integer/);
    },
  );
});

it("maxWork of createModel is compared with multiply-adds and what is written", async () => {
  const make = (maxWork: number) => createModel(new Linear(1000, 1000), { inputShape: [1000], maxWork });
  await expect(make(1e6)).rejects.toThrow(/^createModel: maxWork expected at least \d+ for one sample, got 1000000$/);
  await expect(make(3e6)).resolves.toBeDefined();
});

describe("memoryPlan of networks without a parameter", () => {
  it.each([new ReLU(), new Sequential(), new Sequential(new Flatten(), new Softmax()), new ZeroPad2d(1)])(
    "%#",
    async (network) => {
      const model = await createModel(network, { inputShape: [2, 2, 1] });
      for (const optimizerStates of [0, 1, 2, 3] as const)
        for (const batchSize of [1, 100]) {
          const plan = model.memoryPlan({ training: true, batchSize, optimizerStates });
          expect(plan).toMatchObject({ parameters: 0, gradients: 0, optimizer: 0 });
          expect(plan.total).toBeGreaterThan(plan.activations);
        }
      const x = Float32Array.of(1, 2, 3, 4);
      const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 1 }) });
      expect(trainer.step(x, model.predict(x).data)).toMatchObject({ loss: 0 });
    },
  );
});
