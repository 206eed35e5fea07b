// Whatever the model says in this thread, it says in a worker, to the last bit.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayDataset, augment, horizontalFlip, mixup, normalise, randomCrop, split } from "../../../src/faces/data.js";
import { freeze as freezeInWorker, gradCam as gradCamInWorker } from "../../../src/faces/worker.js";
import {
  AdamW,
  activations,
  BatchNorm2d,
  Conv2d,
  cosineAnnealing,
  createModel,
  createTrainer,
  crossEntropy,
  type Dataset,
  Dropout,
  Flatten,
  freeze,
  gradCam,
  Linear,
  MaxPool2d,
  type Model,
  ReLU,
  Residual,
  Sequential,
  SGD,
  type StateDict,
  type TrainerOptions,
  warmup,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { indices, uniform } from "../../golden/generator.js";
import { openModel, reopenModel } from "./open.js";

const conv = (from: number, to: number) => new Conv2d(from, to, { kernelSize: 3, padding: 1 });
const network = new Sequential(
  conv(3, 8),
  new BatchNorm2d(8),
  new ReLU(),
  new Residual(new Sequential(conv(8, 8), new BatchNorm2d(8), new ReLU(), conv(8, 8)), { activation: new ReLU() }),
  new MaxPool2d({ kernelSize: 2 }),
  new Flatten(),
  new Dropout(0.2),
  new Linear(128, 3),
);
const options = { inputShape: [8, 8, 3], seed: 5, transform: { made: ["by another program"] } };
const x = uniform("worker/x", 6 * 192);
const labels = indices("worker/labels", 6, 3);
const images = arrayDataset({
  x: Uint8Array.from(uniform("worker/images", 60 * 192), (value) => 128 + 120 * value),
  y: indices("worker/image labels", 60, 3),
  inputShape: [8, 8, 3],
  classes: 3,
});
const plain = (state: StateDict) => [...state].map(([name, { data, shape }]) => [name, shape, [...data]]);

let here: Model;
let there: WorkerModel;
beforeAll(async () => {
  here = await createModel(network, { ...options, relaxedSimd: false });
  there = await openModel(network, options);
});
afterAll(() => there.dispose());

describe("a model in a worker", () => {
  it("has the same facts", async () => {
    expect(there.info).toEqual(here.info);
    expect([there.inputShape, there.outputShape, there.transform]).toEqual([
      here.inputShape,
      here.outputShape,
      options.transform,
    ]);
    expect(there.network).toEqual(JSON.parse(JSON.stringify(here.network)));
    expect(await there.summary()).toBe(here.summary());
    const memory = { batchSize: 4, training: true };
    expect(await there.memoryPlan(memory)).toEqual(here.memoryPlan(memory));
  });

  it("predicts, and goes forward and back", async () => {
    expect(await there.predict(x)).toEqual(here.predict(x));
    expect(await there.predict({ data: Array.from(x), shape: [6, 8, 8, 3] }, { batchSize: 4 })).toEqual(
      here.predict(x, { batchSize: 4 }),
    );
    expect(await there.forward(x, { training: true })).toEqual(here.forward(x, { training: true }));
    const dy = uniform("worker/dy", 18);
    expect(await there.backward(dy)).toEqual(here.backward(dy));
    expect(plain(await there.gradients())).toEqual(plain(here.gradients()));
    expect(plain(await there.stateDict())).toEqual(plain(here.stateDict()));
  });

  it("shows what is inside", async () => {
    expect(await there.activations(x, ["3", "4"])).toEqual(activations(here, x, ["3", "4"]));
    const settings = { layer: "3", target: 1 };
    expect(await gradCamInWorker(there, x, settings)).toEqual(gradCam(here, x, settings));
  });

  it("takes and gives weights", async () => {
    const state = (await createModel(network, { ...options, seed: 9 })).stateDict();
    const named = new Map([...state].map(([name, tensor]) => [`net.${name}`, tensor]));
    const rename = (name: string) => name.slice("net.".length);
    expect(await there.loadStateDict(named, { rename })).toEqual(here.loadStateDict(named, { rename }));
    const skip = (name: string) => name.endsWith("bias") || name === "extra";
    const more = new Map([...named, ["net.extra", { data: new Float32Array(1), shape: [1] }]]);
    expect(await there.loadStateDict(more, { rename, skip })).toEqual(here.loadStateDict(more, { rename, skip }));
    expect(await there.loadStateDict(state, { skip })).toEqual({ missing: [], unexpected: [] });
    expect(await there.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    expect(plain(await there.stateDict())).toEqual(plain(here.stateDict()));
    there.transform = here.transform = { made: ["anew"] };
    const saved = await there.save();
    expect(saved).toEqual(await here.save());
    const again = await reopenModel(saved);
    expect(again.transform).toEqual(here.transform);
    expect(again.network).toEqual(there.network);
    expect(await again.predict(x)).toEqual(here.predict(x));
    await again.dispose();
  });
});

/** Trains in both threads and compares everything that is left. */
async function expectSameTraining(trainerOptions: TrainerOptions, dataset: () => Dataset, validation?: Dataset) {
  const fitOptions = { epochs: 2, batchSize: 16, validation };
  const model = await createModel(network, { ...options, relaxedSimd: false });
  const remote = await openModel(network, options);
  const patterns = ["1", /^0\.bias/, (name: string) => name.startsWith("3.main.1")];
  for (const pattern of patterns) expect(await freezeInWorker(remote, pattern)).toEqual(freeze(model, pattern));
  const trainer = createTrainer(model, trainerOptions);
  const remoteTrainer = await createWorkerTrainer(remote, trainerOptions);
  expect(await remoteTrainer.step(x, labels)).toEqual(trainer.step(x, labels));
  const expected = await trainer.fit(dataset(), fitOptions);
  const history = await remoteTrainer.fit(dataset(), fitOptions);
  expect(history.losses).toEqual(expected.losses);
  const timeless = (epochs: object[]) => epochs.map((record) => ({ ...record, ms: 0 }));
  expect(timeless(history.epochs)).toEqual(timeless(expected.epochs));
  expect(remoteTrainer.stepCount).toBe(trainer.stepCount);
  expect(await remoteTrainer.evaluate(images)).toEqual(await trainer.evaluate(images));
  expect(await remoteTrainer.save()).toEqual(await trainer.save());
  if (trainerOptions.ema) expect(plain(await remoteTrainer.emaStateDict())).toEqual(plain(trainer.emaStateDict()));
  await remote.dispose();
}

const own: Dataset = {
  ...images,
  get: (indices, x, y, epoch = 0) => {
    images.get(indices, x, y);
    x[0] += epoch;
  },
};
const pixels = { mean: [0.5, 0.4, 0.3], std: [0.25] };

describe("a trainer in a worker", () => {
  const sgd: TrainerOptions = {
    loss: crossEntropy({ labelSmoothing: 0.1 }),
    optimizer: new SGD({ lr: 0.05, momentum: 0.9 }),
    schedule: warmup({ steps: 3, after: cosineAnnealing({ tMax: 10 }) }),
  };

  it("trains alike on arrays", () => expectSameTraining(sgd, () => images, images));

  it("trains alike with groups, averages and clipping", () => {
    const groups = [
      { match: (name: string) => name.endsWith("bias"), lrScale: 2, weightDecay: 0 },
      { match: /^7\./, weightDecay: 0.1 },
      { match: "0", lrScale: 0.5 },
    ];
    const adam: TrainerOptions = {
      loss: crossEntropy(),
      optimizer: new AdamW({ lr: 0.01 }),
      groups,
      ema: 0.9,
      clipGradNorm: 1,
    };
    return expectSameTraining(adam, () => split(images, 0.7, 3)[0]);
  });

  it("trains alike with augmentation, which runs in the worker", () =>
    expectSameTraining(sgd, () =>
      normalise(augment(images, [randomCrop({ padding: 2 }), horizontalFlip()], { seed: 4 }), pixels),
    ));

  it("trains alike with rows of targets", () =>
    expectSameTraining(sgd, () => augment(images, [mixup({ alpha: 0.4 })], { seed: 4 })));

  it("trains alike on a dataset of one's own, which stays here", () => expectSameTraining(sgd, () => own, own));

  it("trains alike where only a part can be described", () => {
    const invert = {
      kind: "image" as const,
      apply(image: Float32Array) {
        image.set(image.map((value) => 1 - value));
      },
    };
    return expectSameTraining(sgd, () => augment(images, [invert, horizontalFlip()], { seed: 1 }));
  });

  it("resumes from a checkpoint as if it had not stopped, in a worker or out of it", async () => {
    const fitOptions = { epochs: 2, batchSize: 16 };
    const start = async () => {
      const model = await openModel(network, options);
      return { model, trainer: await createWorkerTrainer(model, sgd) };
    };
    const [first, second] = [await start(), await start()];
    await first.trainer.fit(images, { ...fitOptions, maxSteps: 3 });
    const checkpoint = await first.trainer.save();
    await first.trainer.fit(images, fitOptions);
    await second.trainer.load(checkpoint);
    expect(second.trainer.stepCount).toBe(3);
    await second.trainer.fit(images, fitOptions);
    const local = createTrainer(await createModel(network, { ...options, relaxedSimd: false }), sgd);
    await local.load(checkpoint);
    await local.fit(images, fitOptions);
    const expected = await local.save();
    expect(await first.trainer.save()).toEqual(expected);
    expect(await second.trainer.save()).toEqual(expected);
    const slower = await createWorkerTrainer(second.model, { ...sgd, clipGradNorm: 3 });
    await expect(slower.load(checkpoint)).rejects.toThrow(/clipGradNorm expected 3, got/);
    await expect(slower.load(checkpoint, { override: ["rate"] as never })).rejects.toThrow(
      /override\[0\] expected "lr"/,
    );
    await slower.load(checkpoint, { override: ["clipGradNorm"] });
    expect(slower.stepCount).toBe(3);
    await Promise.all([first.model.dispose(), second.model.dispose()]);
  });

  it("applies gradients of a loss of one's own", async () => {
    const model = await createModel(network, { ...options, relaxedSimd: false });
    const remote = await openModel(network, options);
    const { loss: _, ...withoutLoss } = sgd;
    const trainer = createTrainer(model, withoutLoss);
    const remoteTrainer = await createWorkerTrainer(remote, withoutLoss);
    await expect(remoteTrainer.step(x, labels)).rejects.toThrow(/step: loss expected one given to createTrainer/);
    const dy = uniform("worker/own loss", 18);
    model.forward(x, { training: true });
    model.backward(dy);
    // One after the other without waiting: calls keep their order.
    void remote.forward(x, { training: true });
    void remote.backward(dy);
    expect(await remoteTrainer.applyGradients()).toEqual(trainer.applyGradients());
    expect(await remote.save()).toEqual(await model.save());
    await remote.dispose();
  });
});
