// calibrate: temperatures of SciPy (test/golden/generate/calibration.py), what keeps them, and what applies and undoes them.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import { calibrate } from "../../../src/faces/metrics.js";
import {
  ArgumentError,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  Flatten,
  Linear,
  loadModel,
  type Model,
  NumericError,
  readSafetensors,
  Sequential,
  SGD,
  ShapeError,
  Softmax,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { loadModel as loadPredictor } from "../../../src/hosts/node/inference.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { indices, uniform } from "../../golden/generator.js";
import { openModel, reopenModel } from "../worker/open.js";

interface Case {
  name: string;
  samples: number;
  classes: number;
  scale: number;
  right: number;
  temperature: number;
  before: { nll: number; ece: number };
  after: { nll: number; ece: number };
}
const cases: Case[] = JSON.parse(readFileSync(new URL("../../golden/data/calibration.json", import.meta.url), "utf8"));

/** Samples that are their own logits. */
function dataOf({ name, samples, classes, scale, right }: Case) {
  const x = uniform(`calibration/${name}/x`, samples * classes, scale);
  const drawn = uniform(`calibration/${name}/right`, samples, 0.5, 0.5);
  const other = indices(`calibration/${name}/labels`, samples, classes);
  const y = other.map((label, i) => {
    const row = x.subarray(i * classes, (i + 1) * classes);
    return drawn[i] < right ? row.indexOf(Math.max(...row)) : label;
  });
  return arrayDataset({ x, y, classes, inputShape: [classes] });
}

/** A network that gives its inputs back. */
async function identity(classes: number): Promise<Model> {
  const model = await createModel(new Sequential(new Linear(classes, classes, { bias: false })), {
    inputShape: [classes],
  });
  const data = Float32Array.from({ length: classes * classes }, (_, i) => Number(i % (classes + 1) === 0));
  model.loadStateDict(new Map([["0.weight", { data, shape: [classes, classes] }]]));
  return model;
}

/** A saved model that says so of its temperature. */
function withTemperature(bytes: Uint8Array, temperature: unknown): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readSafetensors(bytes);
  const [[key, text]] = Object.entries(metadata);
  return writeSafetensors(tensors, { metadata: { [key]: JSON.stringify({ ...JSON.parse(text), temperature }) } });
}

describe("calibrate", () => {
  it.each(cases.map((each) => [each.name, each] as const))("finds SciPy's temperature: %s", async (_, each) => {
    const model = await identity(each.classes);
    const found = await calibrate(model, dataOf(each), { batchSize: 37 });
    expect(found.temperature).toBeCloseTo(each.temperature, 6);
    expect(found.before.nll).toBeCloseTo(each.before.nll, 6);
    expect(found.after.nll).toBeCloseTo(each.after.nll, 8);
    expect(found.before.ece).toBeCloseTo(each.before.ece, 6);
    expect(found.after.ece).toBeCloseTo(each.after.ece, 6);
    expect(found.after.nll).toBeLessThan(found.before.nll);
    expect([found.samples, found.after.bins.length]).toEqual([each.samples, 15]);
    expect(model.temperature).toBe(found.temperature);
  });

  it("is kept by save, in every entry, applied by classify, and undone by other weights", async () => {
    const network = new Sequential(new Flatten(), new Linear(12, 3));
    const model = await createModel(network, { inputShape: [2, 2, 3], seed: 4, relaxedSimd: false });
    const image = { data: Uint8Array.from({ length: 12 }, (_, i) => i * 20), width: 2, height: 2 };
    const plain = await model.save();
    const before = await model.classify(image);
    model.temperature = 2.5;
    const bytes = await model.save();
    const after = await model.classify(image);
    const x = Float32Array.from(image.data, (value) => value / 255);
    const logits = [...model.predict(x).data];
    const parts = logits.map((z) => Math.exp(z / 2.5));
    const sum = parts.reduce((a, b) => a + b);
    for (const { index, probability } of after) expect(probability).toBeCloseTo(parts[index] / sum, 10);
    expect(after.map(({ index }) => index)).toEqual(before.map(({ index }) => index));
    const again = await loadModel(bytes, { relaxedSimd: false });
    const predictor = await loadPredictor(bytes, { relaxedSimd: false });
    const remote = await reopenModel(bytes);
    for (const each of [again, predictor, remote]) {
      expect(each.temperature).toBe(2.5);
      expect(await each.classify(image)).toEqual(after);
    }
    remote.temperature = 1.5;
    expect(await remote.save()).not.toEqual(bytes);
    expect((await loadModel(await remote.save())).temperature).toBe(1.5);
    const remoteTrainer = await createWorkerTrainer(remote, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    await remoteTrainer.step(x, [1]);
    expect(remote.temperature).toBeUndefined();
    expect((await loadModel(await remote.save())).temperature).toBeUndefined();
    await remote.dispose();
    const trainer = createTrainer(again, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    trainer.step(x, [1]);
    expect(again.temperature).toBeUndefined();
    model.loadStateDict(again.stateDict());
    expect(model.temperature).toBeUndefined();
    expect((await loadModel(plain)).temperature).toBeUndefined();
  });

  it("works on a model in a worker", async () => {
    const each = cases[0];
    const here = await identity(each.classes);
    const there = await openModel(new Sequential(new Linear(each.classes, each.classes, { bias: false })), {
      inputShape: [each.classes],
    });
    await there.loadStateDict(here.stateDict());
    const expected = await calibrate(here, dataOf(each));
    expect(await calibrate(there, dataOf(each))).toEqual(expected);
    expect(there.temperature).toBe(expected.temperature);
    expect((await loadModel(await there.save())).temperature).toBe(expected.temperature);
    await there.dispose();
  });

  it("ends at its bounds where all answers are right, or none", async () => {
    const model = await identity(2);
    const set = (y: number[]) =>
      arrayDataset({ x: Float32Array.of(3, 0, 0, 3), y: Int32Array.from(y), classes: 2, inputShape: [2] });
    expect((await calibrate(model, set([0, 1]))).temperature).toBe(0.01);
    expect((await calibrate(model, set([1, 0]))).temperature).toBe(100);
  });

  it("refuses what has no logits of classes", async () => {
    const data = dataOf(cases[2]);
    const softmax = await createModel(new Sequential(new Linear(2, 2), new Softmax()), { inputShape: [2] });
    await expect(calibrate(softmax, data)).rejects.toThrow(
      /outputs expected logits, got probabilities. Leave the softmax out/,
    );
    await expect(calibrate(await createModel(new Linear(2, 1), { inputShape: [2] }), data)).rejects.toThrow(ShapeError);
    const values = arrayDataset({ x: new Float32Array(4), y: new Float32Array(2), inputShape: [2] });
    await expect(calibrate(await identity(2), values as never)).rejects.toThrow(ArgumentError);
    const wide = {
      ...data,
      classes: 4,
      get(wanted: ArrayLike<number>, x: Float32Array, y: Int32Array) {
        x.fill(3);
        y.fill(3, 0, wanted.length);
      },
    };
    await expect(calibrate(await identity(2), wide as never)).rejects.toThrow(DataError);
    await expect(calibrate(await identity(2), { ...data, inputShape: [2, 1] })).rejects.toThrow(
      /dataset\.inputShape expected \[2\], got \[2, 1\]/,
    );
    const named = await identity(2);
    named.classNames = ["cat", "dog"];
    await expect(calibrate(named, { ...data, classNames: ["dog", "cat"] })).rejects.toThrow(
      /calibrate: classNames expected \["cat", "dog"\], got \["dog", "cat"\]/,
    );
    for (const odd of [null, { padding: 1 }, { predict() {}, inputShape: [2] }])
      await expect(calibrate(odd as never, data)).rejects.toThrow(/calibrate: model expected a model from createModel/);
    const broken = await identity(2);
    broken.loadStateDict(new Map([["0.weight", { data: new Float32Array(4).fill(3e38), shape: [2, 2] }]]));
    await expect(calibrate(broken, data)).rejects.toThrow(NumericError);
    const model = await identity(2);
    for (const temperature of [0, -1, Number.NaN, "1", Infinity, null]) {
      Object.assign(model, { temperature });
      await expect(model.save()).rejects.toThrow(/save: temperature expected a finite number above 0/);
      const image = { data: new Uint8Array(2), width: 2, height: 1 };
      await expect(model.classify(image)).rejects.toThrow(/classify: temperature expected a finite number above 0/);
    }
    const [saved] = [await (await identity(2)).save()];
    for (const temperature of [0, -1, "1", null, {}])
      await expect(loadModel(withTemperature(saved, temperature))).rejects.toThrow(
        /loadModel: temperature expected a number above 0/,
      );
  });
});
