// A class is its place in a list of names: wherever two lists meet, of datasets, models, checkpoints or weights, they are
// compared by their order; and what was trained under names keeps them.
import { afterAll, describe, expect, it } from "vitest";
import { arrayDataset, augment, type ClassDataset, mixup, normalise, split, subset } from "../../../src/faces/data.js";
import {
  cacheFeatures,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  type Dataset,
  Flatten,
  FormatError,
  Linear,
  loadModel,
  type Model,
  ReLU,
  residualTwin,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { openModel } from "../worker/open.js";

const names = ["ant", "bee", "cat"];
const swapped = ["ant", "cat", "bee"];
const x = Float32Array.from({ length: 40 * 4 }, (_, i) => Math.sin(i * 1.7));
const y = Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 3);
const data = (classNames: readonly string[] | undefined = names): ClassDataset => ({
  ...arrayDataset({ x, y, classes: 3, inputShape: [4] }),
  classNames,
});
const unnamed = arrayDataset({ x, y, classes: 3, inputShape: [4] });

const net = (out = 3) => new Sequential(new Linear(4, 6), new ReLU(), new Linear(6, out));
const make = (classNames?: readonly string[], out = 3): Promise<Model> =>
  createModel(net(out), { inputShape: [4], seed: 5, ...(classNames && { classNames }) });
const training = () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) });
const trainerOf = async (classNames?: readonly string[]): Promise<Trainer> =>
  createTrainer(await make(classNames), training());
const fitting = { epochs: 1, batchSize: 8 };

const BOTH_LISTS =
  /classNames expected \["ant", "bee", "cat"\], got \["ant", "cat", "bee"\]\. .*loadImageFolder.*model\.classNames/;
const OTHER_WEIGHTS = /loadStateDict: classNames expected \["ant", "cat", "bee"\], got \["ant", "bee", "cat"\]/;

describe("names of two datasets, or of a dataset and a model, are compared by their order", () => {
  it.each<[string, string[], RegExp]>([
    ["another order", swapped, BOTH_LISTS],
    ["a class less", ["ant", "cat"], /classNames expected \["ant", "bee", "cat"\], got \["ant", "cat"\]\. /],
    ["the last missing", ["ant", "bee"], /classNames expected \["ant", "bee", "cat"\], got \["ant", "bee"\]\. /],
    ["one more", [...names, "dog"], /classNames expected \["ant", .*\], got \["ant", "bee", "cat", "dog"\]\. /],
  ])("in validation and evaluation: %s", async (_, other, message) => {
    const trainer = await trainerOf();
    const wrong = { ...data(other), classes: Math.min(3, other.length) };
    await expect(trainer.fit(data(), { ...fitting, validation: wrong })).rejects.toThrow(message);
    expect(trainer.stepCount).toBe(0);
    await trainer.fit(data(), { epochs: 1, validation: data() });
    await expect(trainer.evaluate(wrong)).rejects.toThrow(message);
    expect((await trainer.evaluate(data())).samples).toBe(40);
    expect((await trainer.evaluate(unnamed)).samples).toBe(40);
  });

  it("by fit and evaluate of a model that has names, before the first step, with both lists and the cure", async () => {
    const trainer = await trainerOf(names);
    for (const call of [trainer.fit(data(swapped)), trainer.evaluate(data(swapped))]) {
      await expect(call).rejects.toThrow(DataError);
      await expect(call).rejects.toThrow(BOTH_LISTS);
    }
    expect(trainer.stepCount).toBe(0);
    trainer.model.classNames = swapped; // the cure
    await trainer.fit(data(swapped), fitting);
    expect(trainer.model.classNames).toEqual(swapped);
  });

  it("of a validation, where the training set has none, by those of the model", async () => {
    const trainer = await trainerOf(names);
    await expect(trainer.fit(unnamed, { ...fitting, validation: data(swapped) })).rejects.toThrow(/fit validation/);
    await trainer.fit(unnamed, { ...fitting, validation: data() });
  });

  it.each<[string, (dataset: ClassDataset) => Dataset]>([
    ["subset", (dataset) => subset(dataset, [3, 1, 2])],
    ["split", (dataset) => split(dataset, 0.5)[0]],
    ["normalise", (dataset) => normalise(dataset, { mean: [0, 0, 0, 0], std: [1, 1, 1, 1] })],
  ])("through %s", async (_, change) => {
    const trainer = await trainerOf();
    await trainer.fit(change(data()), fitting);
    expect(trainer.model.classNames).toEqual(names);
    await expect(trainer.evaluate(change(data(swapped)))).rejects.toThrow(BOTH_LISTS);
  });

  it("through mixup, whose targets are rows of probabilities", async () => {
    const images = (classNames: string[]) =>
      arrayDataset({ x, y: y.slice(0, 10), classes: 3, classNames, inputShape: [4, 2, 2] });
    const model = await createModel(new Sequential(new Flatten(), new Linear(16, 3)), { inputShape: [4, 2, 2] });
    const trainer = createTrainer(model, training());
    const mixed = augment(images(names), [mixup()]);
    await expect(trainer.fit(mixed, { ...fitting, validation: images(swapped) })).rejects.toThrow(BOTH_LISTS);
    await trainer.fit(mixed, { ...fitting, validation: images(names) });
    expect(model.classNames).toEqual(names);
    await expect(trainer.fit(augment(images(swapped), [mixup()]))).rejects.toThrow(BOTH_LISTS);
  });

  it("of rows of probabilities in arrays", async () => {
    const rows = (classNames: string[]) =>
      arrayDataset({ x: [[1, 2, 3, 4]], y: [[0.5, 0.5, 0]], targetShape: [3], inputShape: [4], classNames });
    const trainer = await trainerOf();
    await trainer.fit(rows(names));
    expect(trainer.model.classNames).toEqual(names);
    await expect(trainer.evaluate(rows(swapped))).rejects.toThrow(BOTH_LISTS);
    expect(() => rows(["ant"])).toThrow("classNames expected 3 names, got 1");
  });

  it("of cached features, which keep those of their images, whatever the backbone was trained for", async () => {
    const backbone = await make(["x", "y", "z"]);
    const features = await cacheFeatures(backbone, data(), { layer: "1" });
    const head = await createModel(new Linear(6, 3), { inputShape: [6] });
    await createTrainer(head, training()).fit(features, fitting);
    expect(head.classNames).toEqual(names);
  });

  it("where the network has more outputs than there are names", async () => {
    const trainer = createTrainer(await make(undefined, 5), training());
    await trainer.fit(data(), fitting);
    expect(trainer.model.classNames).toBeUndefined();
    await expect(trainer.evaluate(data(swapped))).rejects.toThrow(BOTH_LISTS);
    const other = createTrainer(await make(undefined, 5), training());
    await other.load(await trainer.save());
    await expect(other.fit(data(swapped), { epochs: 2 })).rejects.toThrow(BOTH_LISTS);
  });

  it("in messages that are bounded, and show where the lists part", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    const other = many.with(500, "z".repeat(1000));
    const trainer = createTrainer(await make(many, 1000), training());
    const call = trainer.fit({ ...data(other), classes: 1000 });
    await expect(call).rejects.toThrow(
      /classNames from 496 on expected \["class 496", .*"class 500", .* 504 in all\], got \["class 496", .*"z+…"/,
    );
    await call.catch(({ message }) => expect(message.length).toBeLessThan(1600));
  });
});

describe("a model without names takes them", () => {
  it("from the dataset of a fit, and saves them; a fit that is refused gives none", async () => {
    const trainer = await trainerOf();
    await expect(trainer.fit(data(), { ...fitting, dropLast: true, batchSize: 99 })).rejects.toThrow(/dropLast/);
    await expect(trainer.fit(data(), { ...fitting, validation: data(swapped) })).rejects.toThrow(BOTH_LISTS);
    expect(trainer.model.classNames).toBeUndefined();
    await trainer.fit(data(), fitting);
    expect(trainer.model.classNames).toEqual(names);
    expect((await loadModel(await trainer.model.save())).classNames).toEqual(names);
  });

  it("from a checkpoint, which refuses others", async () => {
    const trainer = await trainerOf();
    await trainer.fit(data(), fitting);
    const bytes = await trainer.save();
    const nameless = await trainerOf();
    await nameless.load(bytes);
    expect(nameless.model.classNames).toEqual(names);
    await expect(nameless.evaluate(data(swapped))).rejects.toThrow(BOTH_LISTS);
    const others = await trainerOf(swapped);
    await expect(others.load(bytes)).rejects.toThrow(FormatError);
    await expect(others.load(bytes)).rejects.toThrow(
      /classNames\[1\] expected "cat", got "bee".*override: \["classNames"\]/,
    );
    await others.load(bytes, { override: ["classNames"] });
    expect(others.model.classNames).toEqual(swapped);
    const renamed = await trainerOf();
    await renamed.load(bytes, { override: ["classNames"] });
    await renamed.fit(data(swapped), { epochs: 2 });
    expect(renamed.model.classNames).toEqual(swapped);
  });

  it("of an interrupted fit, whose checkpoint refuses another order", async () => {
    const trainer = await trainerOf();
    await trainer.fit(data(), { epochs: 3, batchSize: 8, maxSteps: 7 });
    const bytes = await trainer.save();
    const further = await trainerOf();
    await further.load(bytes);
    await expect(further.fit(data(swapped), { epochs: 3 })).rejects.toThrow(BOTH_LISTS);
    expect((await further.fit(data(), { epochs: 3 })).losses.length).toBe(8);
  });

  it("from the weights of another model; others are refused, unless the head is left out", async () => {
    const trained = await make(names);
    for (const network of [net(), residualTwin(net())]) {
      const model = await createModel(network, { inputShape: [4] });
      model.loadStateDict(trained.stateDict());
      expect(model.classNames).toEqual(names);
    }
    const other = await make(swapped);
    const before = String(other.stateDict().get("2.bias")?.data);
    expect(() => other.loadStateDict(trained.stateDict())).toThrow(OTHER_WEIGHTS);
    expect(String(other.stateDict().get("2.bias")?.data)).toBe(before);
    other.loadStateDict(trained.stateDict(), { skip: "2" });
    expect(other.classNames).toEqual(swapped);
    const backbone = await make();
    backbone.loadStateDict(trained.stateDict(), { skip: "2" });
    expect(backbone.classNames).toBeUndefined();
  });

  it("from averages of weights", async () => {
    const trainer = createTrainer(await make(), { ...training(), ema: 0.9 });
    await trainer.fit(data(), fitting);
    const average = await make();
    average.loadStateDict(trainer.emaStateDict());
    expect(average.classNames).toEqual(names);
  });
});

describe("in a worker", () => {
  const models: WorkerModel[] = [];
  const open = async (classNames?: string[]) => {
    const model = await openModel(net(), { inputShape: [4], seed: 5, ...(classNames && { classNames }) });
    models.push(model);
    return model;
  };
  afterAll(() => Promise.all(models.map((model) => model.dispose())));

  it("names are taken and compared alike, of datasets that are sent and of those that stay", async () => {
    const sent = (classNames: string[]) => arrayDataset({ x, y, classes: 3, inputShape: [4], classNames });
    for (const dataset of [data, sent]) {
      const model = await open();
      const trainer = await createWorkerTrainer(model, training());
      await expect(trainer.fit(dataset(names), { ...fitting, validation: dataset(swapped) })).rejects.toThrow(
        BOTH_LISTS,
      );
      expect(model.classNames).toBeUndefined();
      await trainer.fit(dataset(names), fitting);
      expect(model.classNames).toEqual(names);
      await expect(trainer.evaluate(dataset(swapped))).rejects.toThrow(BOTH_LISTS);
      await expect(trainer.fit(dataset(swapped))).rejects.toThrow(DataError);
      expect((await loadModel(await model.save())).classNames).toEqual(names);
    }
  });

  it("names reach the page although the fit fails", async () => {
    const model = await open();
    const trainer = await createWorkerTrainer(model, training());
    const failing = { onStep: () => Promise.reject(new Error("no")) };
    await expect(trainer.fit(data(), { ...fitting, callbacks: [failing] })).rejects.toThrow("no");
    expect(model.classNames).toEqual(names);
  });

  it("checkpoints and weights bring them along", async () => {
    const here = await trainerOf();
    await here.fit(data(), fitting);
    const [loaded, weights, others] = [await open(), await open(), await open(swapped)];
    await (await createWorkerTrainer(loaded, training())).load(await here.save());
    expect(loaded.classNames).toEqual(names);
    await weights.loadStateDict(await loaded.stateDict());
    expect(weights.classNames).toEqual(names);
    expect((await loadModel(await weights.save())).classNames).toEqual(names);
    await expect(others.loadStateDict(here.model.stateDict())).rejects.toThrow(OTHER_WEIGHTS);
    await expect((await createWorkerTrainer(others, training())).load(await here.save())).rejects.toThrow(/classNames/);
  });
});
