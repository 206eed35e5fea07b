import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/data/array.js";
import {
  AdaptiveAvgPool2d,
  activations,
  BatchNorm2d,
  Conv2d,
  cacheFeatures,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  freeze,
  gradCam,
  Linear,
  loadModel,
  ReLU,
  Sequential,
  SGD,
  tabularResNet,
  unfreeze,
} from "../../../src/hosts/node/index.js";

const network = () =>
  new Sequential({
    conv: new Conv2d(2, 4, { kernelSize: 3, padding: 1 }),
    bn: new BatchNorm2d(4),
    relu: new ReLU(),
    pool: new AdaptiveAvgPool2d(1),
    flatten: new Flatten(),
    fc: new Linear(4, 3),
  });
const inputShape = [5, 6, 2];
const samples = (n: number) => Float32Array.from({ length: n * 60 }, (_, i) => Math.sin(i * 1.7) + (i % 7) / 7);
const labels = (n: number) => Int32Array.from({ length: n }, (_, i) => i % 3);
const make = () => createModel(network(), { inputShape, seed: 4, threads: 1 });
const loss = crossEntropy();

describe("freeze", () => {
  it("keeps frozen parameters and the statistics of a frozen BatchNorm, and moves the others", async () => {
    const model = await make();
    expect(freeze(model, /^(conv|bn)\./)).toHaveLength(7);
    const before = model.stateDict();
    const trainer = createTrainer(model, { loss, optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }) });
    for (let i = 0; i < 3; i++) trainer.step(samples(6), labels(6));
    const after = model.stateDict();
    for (const [name, { data }] of after) {
      const moved = data.some((value, i) => value !== before.get(name)!.data[i]);
      expect(moved, name).toBe(name.startsWith("fc."));
    }
  });

  it("trains with a frozen BatchNorm as evaluation computes it", async () => {
    const model = await make();
    freeze(model, "bn");
    const y = model.forward(samples(4), { training: true }).data.slice();
    expect(y).toEqual(model.forward(samples(4)).data);
  });

  it("trains again what is unfrozen, and refuses patterns without a match", async () => {
    const model = await make();
    freeze(model, "conv");
    unfreeze(model, "conv.bias");
    const before = model.stateDict();
    createTrainer(model, { loss, optimizer: new SGD({ lr: 0.1 }) }).step(samples(4), labels(4));
    const after = model.stateDict();
    expect(after.get("conv.weight")).toEqual(before.get("conv.weight"));
    expect(after.get("fc.bias")).not.toEqual(before.get("fc.bias"));
    expect(() => freeze(model, "layer9")).toThrow(/freeze: pattern expected a match .*, got layer9/);
  });
});

describe("activations", () => {
  it("returns what the layers make, in one run", async () => {
    const model = await make();
    const x = samples(3);
    const found = activations(model, x, ["bn", "relu", "fc"]);
    expect(found.get("relu")!.shape).toEqual([3, 5, 6, 4]);
    expect(found.get("relu")!.data).toEqual(found.get("bn")!.data.map((v) => Math.max(0, v)));
    expect(Math.max(...found.get("fc")!.data.map((v, i) => Math.abs(v - model.predict(x).data[i])))).toBeLessThan(1e-6);
    expect(() => activations(model, x, ["layer7"])).toThrow(/one of conv, bn, relu, pool, flatten, fc, got "layer7"/);
  });
});

describe("gradCam", () => {
  it("weights channels by their mean gradient", async () => {
    const model = await make();
    const x = samples(2);
    const { data, shape } = gradCam(model, x, { layer: "relu", target: 1 });
    expect(shape).toEqual([2, 5, 6]);
    // fc(mean over pixels): the gradient of output 1 with respect to channel c is weight[1][c] / 30 everywhere.
    const weight = model.stateDict().get("fc.weight")!.data.slice(4, 8);
    const a = activations(model, x, ["relu"]).get("relu")!.data;
    for (let i = 0; i < 2; i++) {
      const map = Array.from({ length: 30 }, (_, p) => {
        const at = (i * 30 + p) * 4;
        return Math.max(
          0,
          weight.reduce((sum, w, c) => sum + w * a[at + c], 0),
        );
      });
      const top = Math.max(...map);
      map.forEach((value, p) => {
        expect(data[i * 30 + p]).toBeCloseTo(top > 0 ? value / top : 0, 4);
      });
    }
    expect(() => gradCam(model, x, { layer: "flatten" })).toThrow(/\[n, h, w, channels\]/);
  });

  it("takes no NaN for a class", async () => {
    const model = await make();
    const x = samples(2);
    x[60] = NaN;
    expect(() => gradCam(model, x, { layer: "relu" })).toThrow(/outputs of image 1 expected numbers, got NaN/);
    expect(gradCam(model, x, { layer: "relu", target: 1 }).shape).toEqual([2, 5, 6]);
  });
});

describe("cacheFeatures", () => {
  it("hears its signal while the dataset is loading", async () => {
    const dataset = arrayDataset({ x: samples(6), y: labels(6), inputShape, classes: 3 });
    const never = { ...dataset, prefetch: () => new Promise<void>(() => {}) };
    const caching = cacheFeatures(await make(), never, { layer: "flatten", signal: AbortSignal.timeout(20) });
    await expect(caching).rejects.toThrow(/timeout/i);
  });

  it("trains a head whose weights fit the whole network", async () => {
    const model = await make();
    const dataset = arrayDataset({ x: samples(12), y: labels(12), inputShape, classes: 3 });
    const features = await cacheFeatures(model, dataset, { layer: "flatten", batchSize: 5 });
    expect(features.inputShape).toEqual([4]);
    const head = await createModel(new Linear(4, 3), { inputShape: [4], threads: 1 });
    const trainer = createTrainer(head, { loss, optimizer: new SGD({ lr: 0.5 }) });
    const start = await trainer.evaluate(features);
    await trainer.fit(features, { epochs: 20, batchSize: 4 });
    const end = await trainer.evaluate(features);
    expect(end.loss).toBeLessThan(start.loss);
    const state = [...head.stateDict()].map(([name, tensor]) => [`fc.${name}`, tensor] as const);
    model.loadStateDict(new Map(state), { strict: false });
    const whole = createTrainer(model, { loss, optimizer: new SGD({ lr: 0.1 }) });
    expect((await whole.evaluate(dataset)).loss).toBeCloseTo(end.loss, 5);
  });
});

it("saves the transform with the weights", async () => {
  const transform = { resize: 256, crop: 224, mean: [0.5], std: [0.25] };
  const model = await createModel(network(), { inputShape, transform, threads: 1 });
  const loaded = await loadModel(await model.save(), { threads: 1 });
  expect(loaded.transform).toEqual(transform);
});

describe("a frozen backbone", () => {
  it("trains its head in steps of the whole model to the weights that cached features give, to the bit", async () => {
    const shape = [16, 16, 3];
    const [n, size] = [12, 16 * 16 * 3];
    const x = Float32Array.from({ length: n * size }, (_, i) => Math.sin(i * 0.7) + (i % 11) / 11);
    const dataset = arrayDataset({ x, y: labels(n), inputShape: shape, classes: 3 });
    const model = await createModel(cifarResNet(8, { classes: 3 }), { inputShape: shape, threads: 1, seed: 2 });
    model.forward(x, { training: true }); // running statistics other than 0 and 1
    freeze(model, (name) => !name.startsWith("fc."));
    const features = await cacheFeatures(model, dataset, { layer: "flatten", batchSize: 4 });
    const head = await createModel(new Linear(64, 3), { inputShape: [64], threads: 1, seed: 2 });
    const fc = [...model.stateDict()].filter(([name]) => name.startsWith("fc."));
    head.loadStateDict(new Map(fc.map(([name, tensor]) => [name.slice(3), tensor])));
    for (const [each, data] of [
      [model, dataset],
      [head, features],
    ] as const) {
      const trainer = createTrainer(each, { loss, optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
      await trainer.fit(data, { epochs: 3, batchSize: 4, shuffle: true });
    }
    expect(model.stateDict().get("fc.weight")).toEqual(head.stateDict().get("weight"));
    expect(model.stateDict().get("fc.bias")).toEqual(head.stateDict().get("bias"));
    expect(head.stateDict().get("weight")).not.toEqual(fc[0][1]);
  });
});

it("a block is watched after its sum, whatever it is made of", async () => {
  const model = await createModel(tabularResNet({ in: 3, out: 2, d: 4, blocks: 2 }), { inputShape: [3] });
  const found = activations(model, [1, 2, 3], ["blocks.0", "blocks.1", "blocks"]);
  expect(found.get("blocks.1")).toEqual(found.get("blocks"));
  expect(found.get("blocks.0")).not.toEqual(found.get("blocks.1"));
});
