// Bytes mean value / 255 wherever they are given: in datasets, and to every function that takes an input.
import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  ArgumentError,
  activations,
  Conv2d,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  gradCam,
  gradcheck,
  Linear,
  type Model,
  ReLU,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import * as inference from "../../../src/hosts/node/inference.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { openModel, rejection } from "../worker/open.js";

const network = () =>
  new Sequential(new Conv2d(3, 4, { kernelSize: 3, padding: 1 }), new ReLU(), new Flatten(), new Linear(64, 2));
const options = { inputShape: [4, 4, 3], seed: 3, relaxedSimd: false };
const transform = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
const bytes = Uint8Array.from({ length: 5 * 48 }, (_, i) => (i * i * 7 + i * 13) % 256);
const floats = Float32Array.from(bytes, (byte) => byte / 255);
const labels = Int32Array.of(0, 1, 1, 0, 1);
const shape = [5, 4, 4, 3];
/** The same bytes in every form that holds bytes. */
const forms = {
  Uint8Array: bytes,
  "Uint8ClampedArray with a shape": { data: new Uint8ClampedArray(bytes), shape },
  "a view on a part of a buffer": new Uint8Array([0, 0, 0, ...bytes]).subarray(3),
  "Node's Buffer": Buffer.from(bytes),
};
type Form = Uint8Array | { data: Uint8ClampedArray; shape: number[] };

const trainer = (model: Model) =>
  createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });

describe.each(Object.entries(forms) as [string, Form][])("bytes as %s", (_, x) => {
  it("are value / 255 in predict, forward, activations, gradCam and gradcheck", async () => {
    const model = await createModel(network(), options);
    expect(model.predict(x)).toEqual(model.predict(floats));
    expect(model.predict(x, { batchSize: 2 })).toEqual(model.predict(floats, { batchSize: 2 }));
    expect(model.forward(x, { training: true })).toEqual(model.forward(floats, { training: true }));
    expect(activations(model, x, ["0", "2"])).toEqual(activations(model, floats, ["0", "2"]));
    expect(gradCam(model, x, { layer: "1" })).toEqual(gradCam(model, floats, { layer: "1" }));
    expect(gradcheck(model, { x })).toEqual(gradcheck(model, { x: floats }));
  });

  it("are value / 255 in step and in the entry for inference", async () => {
    const [a, b] = [await createModel(network(), options), await createModel(network(), options)];
    expect(trainer(a).step(x, labels)).toEqual(trainer(b).step(floats, labels));
    const small = await inference.loadModel(await a.save(), { relaxedSimd: false });
    expect(small.predict(x)).toEqual(b.predict(floats));
  });

  it("are value / 255 in a worker", async () => {
    const model = await openModel(network(), options);
    const here = await createModel(network(), options);
    expect(await model.predict(x)).toEqual(here.predict(floats));
    expect(await model.forward(x)).toEqual(here.forward(floats));
    expect(await model.activations(x, ["0"])).toEqual(activations(here, floats, ["0"]));
    expect(await model.gradCam(x, { layer: "1" })).toEqual(gradCam(here, floats, { layer: "1" }));
    const there = await createWorkerTrainer(model, {
      loss: crossEntropy(),
      optimizer: new SGD({ lr: 0.1, momentum: 0.9 }),
    });
    expect(await there.step(x, labels)).toEqual(trainer(here).step(floats, labels));
    await model.dispose();
  });
});

it("bytes are the same numbers in a dataset, in evaluate and in predict", async () => {
  const model = await createModel(network(), options);
  const data = (x: Uint8Array | Float32Array) => arrayDataset({ x, y: labels, inputShape: [4, 4, 3], classes: 2 });
  await trainer(model).fit(data(bytes), { epochs: 3, batchSize: 2 });
  const evaluation = await trainer(model).evaluate(data(bytes));
  expect(evaluation).toEqual(await trainer(model).evaluate(data(floats)));
  const { data: logits } = model.predict(bytes);
  const hits = labels.filter((label, i) => Number(logits[2 * i + 1] > logits[2 * i]) === label);
  expect(evaluation.accuracy).toBe(hits.length / labels.length);
});

it("other integers, and bytes as labels and gradients, are the numbers that they are", async () => {
  const model = await createModel(network(), options);
  expect(model.predict(Int16Array.from(bytes))).toEqual(model.predict(Float32Array.from(bytes)));
  const step = trainer(model).step(floats, Uint8Array.from(labels));
  expect(step).toEqual(trainer(await createModel(network(), options)).step(floats, labels));
  const dy = Uint8Array.of(1, 0, 0, 1, 1, 0, 0, 1, 1, 0);
  model.forward(floats);
  const dx = model.backward(dy);
  model.forward(floats);
  expect(dx).toEqual(model.backward(Float32Array.from(dy)));
});

describe("a model with a transform", () => {
  const cure = /expected numbers that model\.transform has made, got bytes.*model\.classify\(image\).*transformImage/;

  it("refuses bytes, which may be a picture before it or after", async () => {
    const model = await createModel(network(), { ...options, transform });
    const calls: Record<string, () => unknown> = {
      predict: () => model.predict(bytes),
      forward: () => model.forward({ data: new Uint8ClampedArray(bytes), shape }),
      activations: () => activations(model, bytes, ["0"]),
      gradCam: () => gradCam(model, bytes, { layer: "1" }),
      gradcheck: () => gradcheck(model, { x: bytes }),
      step: () => trainer(model).step(bytes, labels),
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(call, name).toThrow(ArgumentError);
      expect(call, name).toThrow(cure);
      expect(call, name).toThrow(new RegExp(`^${name}: input`));
    }
    const small = await inference.loadModel(await model.save());
    expect(() => small.predict(bytes)).toThrow(cure);
    expect(model.predict(floats).shape).toEqual([5, 2]);
    model.transform = undefined;
    expect(model.predict(bytes)).toEqual(model.predict(floats));
  });

  it("refuses them in a worker, by the transform that the page has set last", async () => {
    const model = await openModel(network(), { ...options, transform });
    for (const call of [model.predict(bytes), model.forward(bytes), model.activations(bytes, ["0"])]) {
      const error = await rejection(call);
      expect([error instanceof ArgumentError, error.message]).toEqual([true, expect.stringMatching(cure)]);
    }
    model.transform = null;
    expect(await model.predict(bytes)).toEqual(await model.predict(floats));
    model.transform = transform;
    expect((await rejection(model.predict(bytes))).message).toMatch(cure);
    await model.dispose();
  });
});
