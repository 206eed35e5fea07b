// The same data mean the same numbers in training and in use: samples are compared with the transform that the model keeps.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  arrayDataset,
  augment,
  channelStatistics,
  horizontalFlip,
  loadImageFolder,
  mapInputs,
  mixup,
  normalise,
  split,
  subset,
} from "../../../src/faces/data.js";
import { calibrate } from "../../../src/faces/metrics.js";
import {
  cacheFeatures,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  type Dataset,
  Flatten,
  Linear,
  loadModel,
  recalibrate,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { openModel } from "../worker/open.js";

const bytes = Uint8Array.from({ length: 12 * 48 }, (_, i) => (i * 37) % 256);
const y = Int32Array.from({ length: 12 }, (_, i) => i % 2);
const images = arrayDataset({ x: bytes, y, inputShape: [4, 4, 3], classes: 2 });
const statistics = channelStatistics(images);
const transform = { resize: [4, 4] as const, ...statistics };
const net = () => new Sequential(new Flatten(), new Linear(48, 2));
const training = () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
const trainerOf = async (given: unknown = transform) =>
  createTrainer(await createModel(net(), { inputShape: [4, 4, 3], transform: given }), training());

const folder = mkdtempSync(join(tmpdir(), "prepared-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ["a", "b"]) {
  mkdirSync(join(folder, name));
  cpSync(fileURLToPath(new URL("../../golden/images/smooth.jpg", import.meta.url)), join(folder, name, "1.jpg"));
}

const RAW =
  /dataset expected samples with the mean \[.*\] and std \[.*\] of model\.transform, got bytes \/ 255 as they are\. normalise/;

const raw: [string, Dataset][] = [
  ["bytes", images],
  ["a part of bytes", split(images, 0.5)[0]],
  ["bytes that are flipped", augment(images, [horizontalFlip()])],
  ["bytes that are mixed", augment(images, [mixup()])],
];

describe("a model with a transform", () => {
  it.each(raw)("refuses %s that nothing has normalised, in fit, validation and evaluation", async (_, dataset) => {
    const trainer = await trainerOf();
    const good = normalise(images, statistics);
    await expect(trainer.fit(dataset)).rejects.toThrow(DataError);
    await expect(trainer.fit(dataset)).rejects.toThrow(RAW);
    await expect(trainer.fit(good, { validation: dataset })).rejects.toThrow(RAW);
    await expect(trainer.evaluate(dataset)).rejects.toThrow(RAW);
    expect(trainer.stepCount).toBe(0);
  });

  it("refuses other statistics, and takes its own, of whatever is made of them", async () => {
    const trainer = await trainerOf();
    const other = normalise(images, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    await expect(trainer.fit(other)).rejects.toThrow(/got mean \[0\.5, 0\.5, 0\.5\] and std \[0\.5, 0\.5, 0\.5\]/);
    const good = normalise(images, statistics);
    for (const dataset of [good, subset(good, [1, 2]), augment(good, [horizontalFlip()]), split(good, 0.5)[1]]) {
      await trainer.fit(dataset);
      await trainer.evaluate(dataset);
    }
    const one = await trainerOf({ mean: [0.5], std: [0.25] });
    await one.fit(normalise(images, { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }));
  });

  it("takes what only functions or the caller know", async () => {
    const trainer = await trainerOf();
    await trainer.fit(mapInputs(images, (x) => void x.fill(0)));
    await trainer.fit({ ...images, get: images.get });
    await trainer.fit(arrayDataset({ x: new Float32Array(bytes), y, inputShape: [4, 4, 3], classes: 2 }));
  });

  it("takes bytes where its transform leaves them as they are, and anything where it is none for pictures", async () => {
    for (const given of [{ mean: [0], std: [1] }, { mean: [0, 0, 0], std: [1, 1, 1] }, { version: 1 }, "own", null])
      await (await trainerOf(given)).fit(images);
  });

  it("compares after it was saved and loaded, in recalibrate and in a worker", async () => {
    const bytesOfModel = await (await trainerOf()).model.save();
    const model = await loadModel(bytesOfModel);
    await expect(createTrainer(model, training()).evaluate(images)).rejects.toThrow(RAW);
    await expect(recalibrate(model, images)).rejects.toThrow(RAW);
    await expect(cacheFeatures(model, images, { layer: "0" })).rejects.toThrow(RAW);
    await expect(calibrate(model, images)).rejects.toThrow(RAW);
    await cacheFeatures(model, normalise(images, statistics), { layer: "0" });
    const there = await openModel(net(), { inputShape: [4, 4, 3], transform });
    const trainer = await createWorkerTrainer(there, training());
    await expect(trainer.fit(images)).rejects.toThrow(RAW);
    await expect(trainer.evaluate(images)).rejects.toThrow(RAW);
    await expect(calibrate(there, images)).rejects.toThrow(RAW);
    await trainer.fit(normalise(images, statistics));
    await there.dispose();
  });
});

describe("a folder of pictures", () => {
  const load = (mean: number) =>
    loadImageFolder(folder, { transform: { resize: [4, 4], mean: [mean, 0.5, 0.5], std: [0.2, 0.2, 0.2] } });

  it("tells its transform, which a model takes, and with which it is compared", async () => {
    const [pictures, others] = [await load(0.5), await load(0.4)];
    expect(pictures.transform).toEqual({ resize: [4, 4], mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] });
    const trainer = await trainerOf(pictures.transform);
    await trainer.fit(pictures);
    await trainer.fit(augment(subset(pictures, [1, 0]), [horizontalFlip()]));
    await expect(trainer.evaluate(others)).rejects.toThrow(/got mean \[0\.4, 0\.5, 0\.5\]/);
    await expect(trainer.evaluate(subset(others, [0]))).rejects.toThrow(/got mean \[0\.4, 0\.5, 0\.5\]/);
    const there = await openModel(net(), { inputShape: [4, 4, 3], transform: pictures.transform });
    const inWorker = await createWorkerTrainer(there, training());
    await inWorker.fit(pictures);
    await expect(inWorker.evaluate(others)).rejects.toThrow(/got mean \[0\.4, 0\.5, 0\.5\]/);
    await there.dispose();
  });

  it("is told apart from another by the checkpoint of an interrupted fit, whatever was made of it", async () => {
    const flipped = async (mean: number, p: number) =>
      augment(subset(await load(mean), [1, 0]), [horizontalFlip({ p })]);
    const trainer = await trainerOf(null);
    await trainer.fit(await flipped(0.5, 0.5), { epochs: 2, batchSize: 1, maxSteps: 1 });
    const saved = await trainer.save();
    const resumed = await trainerOf(null);
    await resumed.load(saved);
    await expect(resumed.fit(await flipped(0.4, 0.5))).rejects.toThrow(/transform\.mean\[0\] expected 0\.4, got 0\.5/);
    await expect(resumed.fit(await flipped(0.5, 0.1))).rejects.toThrow(
      /made\[0\]\.augmentations.* expected 0\.1, got 0\.5/,
    );
    expect((await resumed.fit(await flipped(0.5, 0.5))).losses.length).toBe(3);
  });
});
