// fineTune: a net that knows some glyphs learns others, built or from ONNX, here and in a worker.
import { beforeAll, describe, expect, it } from "vitest";
import type { ClassDataset } from "../../../src/data/dataset.js";
import { glyphs, jitter, map, randomCrop, subset } from "../../../src/faces/data.js";
import {
  BatchNorm2d,
  Conv2d,
  type Conv2dOptions,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  loadModel,
  type Model,
  ReLU,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import { exportOnnx, loadOnnx } from "../../../src/hosts/node/onnx.js";
import { fineTune } from "../../../src/hosts/node/recipes.js";
import * as worker from "../../../src/hosts/node/worker.js";
import { reopenModel } from "../worker/open.js";

const SIZE = 12;
/** Glyphs of the classes from `first` to before `end`, as classes from 0. */
function some(first: number, end: number, count: number, seed = 0): ClassDataset {
  const all = glyphs({ count: 2 * count, classes: 8, size: SIZE, flatten: false, noise: 0.05, seed });
  const own = Array.from({ length: 2 * count }, (_, i) => i).filter((i) => i % 8 >= first && i % 8 < end);
  const classes = end - first;
  return map(subset(all, own), ({ x, y }) => ({ x, y: Number(y) - first }), {
    classes,
    classNames: ["star", "moon", "sun", "leaf"].slice(0, classes),
  }) as ClassDataset;
}

let pretrained: Model;
const data = some(4, 8, 160);
const quick = { batchSize: 16, stageEpochs: 8, stageLr: 3e-3, headEpochs: 30, print: null } as const;

beforeAll(async () => {
  pretrained = await createModel(cifarResNet(8, { inChannels: 1, classes: 4 }), { inputShape: [SIZE, SIZE, 1] });
  const optimizer = new SGD({ lr: 0.05, momentum: 0.9 });
  await createTrainer(pretrained, { loss: crossEntropy(), optimizer }).fit(some(0, 4, 200), {
    epochs: 4,
    batchSize: 32,
  });
});

describe("fineTune", () => {
  it("trains a head on cached features, then the last stage, and leaves the given model as it is", async () => {
    const before = pretrained.stateDict();
    const lines: string[] = [];
    const { model, evaluation, report, history } = await fineTune(pretrained, data, {
      ...quick,
      classes: 4,
      augmentations: [randomCrop({ padding: 1 })],
      print: (line) => lines.push(line),
    });
    expect(pretrained.stateDict()).toEqual(before);
    expect(model.classNames).toEqual(["star", "moon", "sun", "leaf"]);
    expect(evaluation.samples).toBe(32);
    expect(evaluation.accuracy).toBeGreaterThan(0.75);
    expect(evaluation.metrics.confusionMatrix.flat().reduce((a, b) => a + b)).toBe(32);
    expect(lines.join("\n")).toBe(report.text);
    expect(report.text).toContain("128 samples to train on, 32 to judge by");
    expect(report.text).toContain("features of");
    expect(history.head.length).toBeGreaterThan(0);
    expect(history.stage.length).toBeGreaterThan(0);
    // The first layers are those of the pretrained net, to the bit.
    expect(model.stateDict().get("conv1.weight")).toEqual(before.get("conv1.weight"));
    const again = await loadModel(await model.save());
    expect(again.classNames).toEqual(model.classNames);
  });

  it("does the same for a network of an ONNX file", async () => {
    const imported = await loadOnnx(exportOnnx(pretrained), { inputShape: [SIZE, SIZE, 1] });
    const { evaluation, report } = await fineTune(imported, data, quick);
    expect(report.text).toContain("features of");
    expect(evaluation.accuracy).toBeGreaterThan(0.75);
  });

  it("trains a head that is a convolution of maps without a cache, as it trains any where cache is false", async () => {
    const filters = (kernelSize: number): Conv2dOptions => ({ kernelSize });
    const network = new Sequential({
      first: new Conv2d(1, 6, filters(3)),
      norm: new BatchNorm2d(6),
      act: new ReLU(),
      head: new Conv2d(6, 9, filters(SIZE - 2)),
      flat: new Flatten(),
    });
    const whole = await createModel(network, { inputShape: [SIZE, SIZE, 1] });
    const maps = await fineTune(whole, data, { ...quick, headEpochs: 4, stage: false });
    expect(maps.report.text).toContain("head head");
    expect(maps.history.stage).toEqual([]);
    const cached = await fineTune(pretrained, data, { ...quick, headEpochs: 3, stage: false });
    const plain = await fineTune(pretrained, data, { ...quick, headEpochs: 3, stage: false, cache: false });
    expect(plain.report.text).toContain("all else frozen");
    expect(plain.evaluation.loss).toBeCloseTo(cached.evaluation.loss, 1);
    expect(plain.model.stateDict().get("conv1.weight")).toEqual(pretrained.stateDict().get("conv1.weight"));
  });

  it("does the same in a worker", async () => {
    const options = { ...quick, headEpochs: 4, stageEpochs: 1 };
    const there = await reopenModel(await pretrained.save());
    const here = await fineTune(await loadModel(await pretrained.save(), { relaxedSimd: false }), data, options);
    const remote = await fineTune(there, data, { ...options, on: { ...worker, createModel: openHere } });
    expect(remote.history.head.map(({ loss }) => loss)).toEqual(here.history.head.map(({ loss }) => loss));
    expect(remote.evaluation.samples).toBe(32);
    await remote.model.dispose();
    await there.dispose();
  });

  it.each([
    ["what is no model", () => fineTune({} as never, data, quick), "model expected a model"],
    ["samples of another shape", () => fineTune(pretrained, glyphs({ count: 16 }), quick), "data.inputShape expected"],
    [
      "another number of classes",
      () => fineTune(pretrained, data, { ...quick, classes: 5 }),
      "data.classes expected 5",
    ],
    ["a head that there is not", () => fineTune(pretrained, data, { ...quick, head: "top" }), "replaceHead"],
    [
      "another validation",
      () => fineTune(pretrained, data, { ...quick, validation: some(0, 3, 20) }),
      "validation.classes",
    ],
    [
      "augmentations of signals",
      () => fineTune(pretrained, data, { ...quick, augmentations: [jitter()] }),
      "inputShape",
    ],
  ])("refuses %s", async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

const openHere: typeof worker.createModel = async (network, options) => {
  const { openModel } = await import("../worker/open.js");
  return openModel(network as never, options);
};
