// Targets outside of what a loss is defined for, and of another shape than the outputs: refused with the cure, everywhere.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  Adam,
  AdamW,
  ArgumentError,
  bceWithLogits,
  Conv2d,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  type Dataset,
  huber,
  type Layer,
  Linear,
  Lion,
  type Loss,
  mse,
  Sequential,
  SGD,
  ShapeError,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/hosts/node/worker.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import type { WorkerTrainer } from "../../../src/worker/trainer.js";
import { build, weightBits } from "../../support/setups.js";
import { openModel, rejection } from "../worker/open.js";

const optimizer = new SGD({ lr: 0.1 });
const x = (n: number, size = 3) => Float32Array.from({ length: n * size }, (_, i) => Math.sin(i));
const data = (y: number[], outputs = 1): Dataset =>
  arrayDataset({ x: x(y.length / outputs), y: Float32Array.from(y), inputShape: [3], targetShape: [outputs] });

/** Loss, outputs, labels, message. */
const outside: [string, () => Loss, number, number[], RegExp][] = [
  [
    "a standardised column",
    bceWithLogits,
    1,
    [1, 0, -0.68, 1.47],
    /labels\[2\] expected a number in \[0, 1\] for bceWithLogits, got -0\.68/,
  ],
  ["-1 and 1", bceWithLogits, 1, [1, -1, 1, 1], /labels\[1\] expected a number in \[0, 1\] .* got -1/],
  ["percent", bceWithLogits, 1, [0, 1, 0, 100], /labels\[3\] .* got 100.*mse or huber/],
  ["bytes of a mask", bceWithLogits, 2, [0, 255], /labels\[1\] .* got 255/],
  ["NaN", bceWithLogits, 1, [0, NaN], /labels\[1\] expected a finite number, got NaN/],
  [
    "a negative probability",
    crossEntropy,
    2,
    [0.5, 0.5, 1.5, -0.5],
    /labels\[2\] expected a number in \[0, 1\] for crossE/,
  ],
  ["logits", crossEntropy, 3, [0.2, 0.3, 0.5, -3, 1, 2], /labels\[3\] .* got -3/],
  [
    "several labels at a time",
    crossEntropy,
    3,
    [0, 1, 0, 1, 1, 0],
    /labels\[3\] to labels\[5\] expected probabilities that sum to 1 within 0\.001 .* got a sum of 2.*bceWithLogits/,
  ],
  ["no label", crossEntropy, 3, [1, 0, 0, 0, 0, 0], /labels\[3\] to labels\[5\] .* a sum of 0/],
  ["rows that sum to 0.99", crossEntropy, 3, [0.33, 0.33, 0.33], /a sum of 0\.99/],
  ["infinity", mse, 1, [Infinity, 1], /labels\[0\] expected a finite number, got Infinity/],
  ["NaN in huber", huber, 1, [1, NaN], /labels\[1\] expected a finite number/],
];

const inside: [string, () => Loss, number, number[]][] = [
  ["0, 1 and between", bceWithLogits, 1, [0, 1, 0.25, 1e-9]],
  ["thirds of three decimals", crossEntropy, 3, [0.333, 0.333, 0.333, 1, 0, 0]],
  ["sums of float32", crossEntropy, 10, Array.from({ length: 10 }, () => Math.fround(0.1))],
  ["anything", mse, 1, [-1e6, 7, 0]],
];

describe.each(outside)("%s", (_, loss, outputs, y, message) => {
  it("is refused by step, fit and evaluate, the weights unchanged", async () => {
    const model = await build(new Linear(3, outputs), [3]);
    const before = weightBits(model);
    const trainer = createTrainer(model, { loss: loss(), optimizer });
    const n = y.length / outputs;
    const refused: [string, unknown][] = [
      [
        "step",
        await Promise.resolve()
          .then(() => trainer.step(x(n), y))
          .catch((error: unknown) => error),
      ],
      ["fit", await rejection(trainer.fit(own(y, outputs), { shuffle: false }))],
      ["evaluate", await rejection(trainer.evaluate(own(y, outputs)))],
    ];
    for (const [where, error] of refused) {
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message.startsWith(`${where}: `)).toBe(true);
      expect((error as Error).message.includes("of the dataset)")).toBe(where !== "step");
    }
    expect(weightBits(model)).toBe(before);
  });
});

/** A dataset that lets any number through. */
function own(y: number[], outputs: number): Dataset {
  return {
    length: y.length / outputs,
    inputShape: [3],
    targets: "values",
    targetShape: [outputs],
    get(indices, input, target) {
      for (let i = 0; i < indices.length; i++) {
        input.set(x(1), i * 3);
        target.set(y.slice(indices[i] * outputs, (indices[i] + 1) * outputs), i * outputs);
      }
    },
  };
}

it.each(inside)("%s is taken", async (_, loss, outputs, y) => {
  const trainer = createTrainer(await build(new Linear(3, outputs), [3]), { loss: loss(), optimizer });
  expect((await trainer.fit(data(y, outputs))).stopped).toBe("finished");
  expect((await trainer.evaluate(data(y, outputs))).loss).toBeGreaterThanOrEqual(0);
});

it("names the sample of the dataset, whatever the batch", async () => {
  const trainer = createTrainer(await build(new Linear(3, 1), [3]), { loss: bceWithLogits(), optimizer });
  const y = Array.from({ length: 40 }, (_, i) => Number(i === 29) * 2);
  await expect(trainer.fit(data(y), { batchSize: 8 })).rejects.toThrow(/got 2 \(sample 29 of the dataset\)/);
  await expect(trainer.evaluate(data(y), { batchSize: 8 })).rejects.toThrow(
    /labels\[5\] .* \(sample 29 of the dataset\)/,
  );
});

describe("crossEntropy on one output", () => {
  it.each([
    ["a vector", new Linear(3, 1), [3]],
    ["a map", new Conv2d(2, 1, { kernelSize: 1 }), [4, 4, 2]],
    ["a sequence", new Linear(3, 1), [5, 3]],
  ] as [string, Layer, number[]][])("of %s is refused when the trainer is made", async (_, network, inputShape) => {
    const model = await build(network, inputShape);
    expect(() => createTrainer(model, { loss: crossEntropy(), optimizer })).toThrow(ShapeError);
    expect(() => createTrainer(model, { loss: crossEntropy({ labelSmoothing: 0.1 }), optimizer })).toThrow(
      /crossEntropy: output expected at least 2 classes, got \[.*1\]\. For one output use bceWithLogits/,
    );
  });
});

describe("targets of another shape than the outputs", () => {
  const labelled = (inputShape: number[], classes = 3, n = 8): Dataset =>
    arrayDataset({
      x: x(
        n,
        inputShape.reduce((a, b) => a * b, 1),
      ),
      y: Int32Array.from({ length: n }, (_, i) => i % 2),
      inputShape,
      classes,
    });
  const map = new Sequential(new Conv2d(1, 4, { kernelSize: 3, padding: 1 }), new Conv2d(4, 3, { kernelSize: 1 }));

  it.each([
    ["a map", map, [6, 6, 1], /model\.outputShape expected \[3\] for one label a sample, got \[6, 6, 3\]/],
    ["a sequence", new Linear(4, 3), [7, 4], /got \[7, 3\], scores for \[7\] places/],
    ["a map of one column", map, [6, 1, 1], /got \[6, 1, 3\]/],
  ] as [string, Layer, number[], RegExp][])("one label against %s", async (_, network, inputShape, message) => {
    const trainer = createTrainer(await build(network, inputShape), { loss: crossEntropy(), optimizer });
    const steps: number[] = [];
    const callbacks = [{ onStep: () => void steps.push(1) }];
    for (const refused of [
      rejection(trainer.fit(labelled(inputShape), { batchSize: 4, callbacks })),
      rejection(trainer.evaluate(labelled(inputShape))),
    ]) {
      expect(await refused).toBeInstanceOf(ShapeError);
      expect((await refused).message).toMatch(message);
    }
    expect(steps).toEqual([]);
  });

  it("is taken by maps of one place", async () => {
    const trainer = createTrainer(await build(map, [1, 1, 1]), { loss: crossEntropy(), optimizer });
    expect((await trainer.fit(labelled([1, 1, 1]))).stopped).toBe("finished");
  });

  it("transposed, not flat", async () => {
    const trainer = createTrainer(await build(new Linear(4, 3), [7, 4]), { loss: mse(), optimizer });
    const values = (targetShape: number[]) =>
      arrayDataset({ x: x(5, 28), y: x(5, 21), inputShape: [7, 4], targetShape });
    await expect(trainer.fit(values([3, 7]))).rejects.toThrow(/dataset\.targetShape expected \[7, 3\], got \[3, 7\]/);
    for (const shape of [[7, 3], [7, 1, 3], [21]]) expect((await trainer.fit(values(shape))).stopped).toBe("finished");
  });
});

describe("numbers that are 0 or infinite in float32", () => {
  it.each([
    ["Adam's eps 0", () => new Adam({ eps: 0 }), /eps expected a number in \(0, Infinity\], got 0/],
    ["Adam's eps 1e-46", () => new Adam({ eps: 1e-46 }), /eps expected a number that float32 can hold/],
    ["AdamW's eps 1e-300", () => new AdamW({ eps: 1e-300 }), /eps expected a number that float32 can hold/],
    ["a learning rate of 1e39", () => new SGD({ lr: 1e39 }), /lr expected a number that float32 can hold/],
    ["a weight decay of 1e-60", () => new Lion({ weightDecay: 1e-60 }), /weightDecay expected a number that float32/],
    ["huber's delta", () => huber({ delta: 1e-50 }), /delta expected a number that float32/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  it("a clipping norm, and factors of groups and schedules", async () => {
    const model = await build(new Linear(3, 2), [3]);
    const trainer = (more: object) => createTrainer(model, { loss: mse(), optimizer, ...more });
    expect(() => trainer({ clipGradNorm: 1e-50 })).toThrow(/clipGradNorm expected a number that float32/);
    expect(() => trainer({ groups: [{ match: "weight", lrScale: 1e-60 }] })).toThrow(/lrScale expected a number that/);
    const schedule = { type: "mine", factor: () => 1e40, toJSON: () => ({ type: "mine", options: {} }) };
    expect(() => trainer({ schedule }).step(x(1), [1, 2])).toThrow(/factor of step 0/);
  });
});

describe("a last batch that is too small for BatchNorm", () => {
  it("is told with dropLast, before the first step", async () => {
    const { tabularResNet, resnet18 } = await import("../../../src/hosts/node/index.js");
    const steps: number[] = [];
    const callbacks = [{ onStep: () => void steps.push(1) }];
    const table = createTrainer(await build(tabularResNet({ in: 3, out: 1, d: 8 }), [3]), { loss: mse(), optimizer });
    const rows = (n: number) => data(Array.from({ length: n }, (_, i) => i % 2));
    const message =
      /^fit: The last batch has 1 of 17 samples in batches of 8: dropLast: true leaves it out.*more than 1/;
    await expect(table.fit(rows(17), { batchSize: 8, callbacks })).rejects.toThrow(message);
    expect(steps).toEqual([]);
    expect((await table.fit(rows(17), { batchSize: 8, dropLast: true })).stopped).toBe("finished");
    // One sample in all, or batches of one: no last batch to leave out.
    const alone = await rejection(table.fit(rows(1), { batchSize: 8 }));
    expect(alone.message).toMatch(/more than 1 when training/);
    expect(alone.message).not.toMatch(/dropLast/);
    expect((await rejection(table.fit(rows(17), { batchSize: 1 }))).message).not.toMatch(/dropLast/);
    const images = createTrainer(await build(resnet18({ classes: 2 }), [32, 32, 3]), {
      loss: crossEntropy(),
      optimizer,
    });
    const pictures = arrayDataset({
      x: new Uint8Array(5 * 3072),
      y: new Int32Array(5),
      inputShape: [32, 32, 3],
      classes: 2,
    });
    await expect(images.fit(pictures, { batchSize: 4 })).rejects.toThrow(/1 of 5 samples .* dropLast: true/);
  });
});

describe("in a worker", () => {
  let models: WorkerModel[];
  let trainers: WorkerTrainer[];
  beforeAll(async () => {
    models = [
      await openModel(new Linear(3, 1), { inputShape: [3] }),
      await openModel(map(), { inputShape: [4, 4, 1] }),
    ];
    trainers = [
      await createWorkerTrainer(models[0], { loss: bceWithLogits(), optimizer }),
      await createWorkerTrainer(models[1], { loss: crossEntropy(), optimizer }),
    ];
  });
  afterAll(() => Promise.all(models.map((model) => model.dispose())));
  const map = () => new Conv2d(1, 3, { kernelSize: 1 });

  it("the same is refused", async () => {
    const [binary, maps] = trainers;
    const y = [0, 1, -0.5, 1];
    const calls = [() => binary.step(x(4), y), () => binary.fit(data(y)), () => binary.evaluate(own(y, 1))];
    for (const call of calls) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toMatch(/expected a number in \[0, 1\] for bceWithLogits, got -0\.5/);
    }
    const one = arrayDataset({ x: x(4, 16), y: new Int32Array(4), inputShape: [4, 4, 1], classes: 3 });
    expect((await rejection(maps.fit(one))).message).toMatch(/expected \[3\] for one label a sample, got \[4, 4, 3\]/);
    const error = await rejection(createWorkerTrainer(models[0], { loss: crossEntropy(), optimizer }));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(/at least 2 classes/);
  });
});

/** A ResNet-20 step of 128 images takes over 100 ms on one core; its targets are 128 classes or 1,280 probabilities. */
it("takes less than a hundredth of a step of ResNet-20, timed alone", async () => {
  const [{ checkTargets, readLabels }, { toInput }, { checkBuffers }] = await Promise.all([
    import("../../../src/train/labels.js"),
    import("../../../src/model/input.js"),
    import("../../../src/data/dataset.js"),
  ]);
  const [batch, size] = [128, 32 * 32 * 3];
  const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3], threads: 1 });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
  const x = Float32Array.from({ length: batch * size }, (_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 10);
  const dataset = arrayDataset({ x, y: labels, inputShape: [32, 32, 3], classes: 10 });
  const indices = [...labels.keys()];
  /** The least of some turns: others may use the processor. */
  const least = (turns: number, run: () => unknown) =>
    Math.min(
      ...Array.from({ length: turns }, () => {
        const start = performance.now();
        run();
        return performance.now() - start;
      }),
    );
  const checks = () => {
    toInput("step", x, model);
    const { data, kind } = readLabels("step", trainer.lossFor("step"), [batch, 10], labels);
    checkTargets("step", data, kind, trainer.lossFor("step"), [batch, 10], indices);
    checkBuffers(dataset, indices, x, labels, 0);
  };
  const step = least(4, () => trainer.step(x, labels));
  const share = least(50, checks) / step;
  console.log(`checks: ${(share * 100).toFixed(4)} % of a step of ${step.toFixed(0)} ms`);
  expect(share).toBeLessThan(0.01);
});
