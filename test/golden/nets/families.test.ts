// torchvision's families against PyTorch: names, files of torch.save, logits, and training steps of small ones.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readPytorch } from "../../../src/faces/pytorch.js";
import {
  convnext,
  createModel,
  densenet,
  efficientnet,
  type Layer,
  mobilenetV2,
  mobilenetV3,
  readSafetensors,
  regnet,
  resnet50,
  resnetv2_50,
  resnetv2_50x1_bit,
  resnext50_32x4d,
  shufflenetV2,
  wide_resnet50_2,
  writeSafetensors,
} from "../../../src/hosts/node/index.js";
import { SMALL } from "../../support/families.js";
import { count, crossEntropyDx, relativeError } from "../../support/nets.js";
import { maxDifference, nchwToNhwc, nhwcToNchw } from "../load.js";
import { loadFamilyLogits, loadFamilyTraining, stateOf } from "../load-families.js";

/** By the names of their golden files. */
const NETS: Record<string, () => Layer> = {
  resnext50_32x4d,
  wide_resnet50_2,
  "resnet50-dilated": () => resnet50({ replaceStrideWithDilation: [false, true, true] }),
  mobilenet_v2: mobilenetV2,
  mobilenet_v3_small: () => mobilenetV3("small"),
  mobilenet_v3_large: () => mobilenetV3("large"),
  efficientnet_b0: () => efficientnet("b0"),
  convnext_tiny: () => convnext("tiny"),
  regnet_x_400mf: () => regnet("x_400mf"),
  regnet_y_400mf: () => regnet("y_400mf"),
  densenet121: () => densenet(121),
  shufflenet_v2_x1_0: () => shufflenetV2("x1_0"),
  resnetv2_50,
  resnetv2_50x1_bit,
};

/** Files of torch.save by nets' names. */
const SAVED = [
  "resnext50_32x4d",
  "wide_resnet50_2",
  "mobilenet_v2",
  "mobilenet_v3_small",
  "efficientnet_b0",
  "convnext_tiny",
  "regnet_y_400mf",
  "densenet121",
];

/** Small networks of the same blocks, and of all their kinds. */
const TRAINING: Record<string, () => Layer> = {
  "resnext50-dilated": () => resnext50_32x4d({ replaceStrideWithDilation: [false, true, false] }),
  ...SMALL,
};

const listing = (network: Layer) =>
  count(network, [224, 224, 3])
    .state.filter(({ name }) => !name.endsWith("num_batches_tracked"))
    .map(({ name, shape }) => `${name} ${shape.join(",")}`);

describe.each(Object.entries(NETS))("%s", (name, make) => {
  it("has torchvision's names, shapes and logits", async () => {
    const { seed, state, cases } = loadFamilyLogits(name);
    // Parameters stand in the order in which they are declared: a projection after the branch, PyTorch's before it.
    expect(listing(make()).sort()).toEqual([...state].sort());
    const { tensors } = readSafetensors(writeSafetensors(stateOf(seed, state)));
    for (const { shape, x, logits } of cases) {
      const [n, c, h, w] = shape;
      const model = await createModel(make(), { inputShape: [h, w, c], threads: 1, relaxedSimd: false });
      expect(model.loadStateDict(tensors)).toEqual({ missing: [], unexpected: [] });
      const { data } = model.predict(nchwToNhwc(x(), shape), { batchSize: n });
      const largest = logits.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const bar = Math.min(Math.max(1e-5 * largest, 16 * logits.float32Error), 1e-4 * largest);
      expect(maxDifference(data, logits.data), shape.join("x")).toBeLessThan(bar);
      model.dispose();
    }
  }, 300_000);
});

describe.each(SAVED)("%s by torch.save", (name) => {
  it("loads by name", async () => {
    const file = new URL(`../pytorch/families/${name}.pth.gz.gz`, import.meta.url);
    const { tensors } = readPytorch(gunzipSync(gunzipSync(readFileSync(file))));
    const model = await createModel(NETS[name](), { inputShape: [64, 64, 3], prefer: "memory", threads: 1 });
    expect(model.loadStateDict(tensors)).toEqual({ missing: [], unexpected: [] });
    // Every tensor is 0, 1/64, … 63/64, 0, … as `saved` in generate/families.py writes it; counters are 3.
    for (const [key, { data }] of model.stateDict()) {
      const isCounter = key.endsWith("num_batches_tracked");
      expect(
        data.every((v, i) => v === (isCounter ? 3 : (i % 64) / 64)),
        key,
      ).toBe(true);
    }
    model.dispose();
  }, 120_000);
});

describe.each(Object.entries(TRAINING))("%s in training", (name, make) => {
  it("has PyTorch's loss, gradients and running statistics", async () => {
    const { state, shape, x, labels, classes, loss, gradients, runningStatistics } = loadFamilyTraining(name);
    const [n, c, h, w] = shape;
    const model = await createModel(make(), { inputShape: [h, w, c], threads: 1, relaxedSimd: false });
    model.loadStateDict(state);
    const logits = model.forward(nchwToNhwc(x, shape), { training: true });
    const found = crossEntropyDx(logits.data, labels, classes);
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5 * loss);
    const dx = model.backward(found.dx);
    const actual = new Map([...model.gradients()].map(([key, { data }]) => [key, data]));
    actual.set("input", nhwcToNchw(dx.data, [n, h, w, c]));
    expect([...actual.keys()].sort()).toEqual(gradients.map((g) => g.name).sort());
    // What stands before a BatchNorm and shifts all pixels alike has no gradient but rounding: 1e-17 in float64.
    const real = gradients.filter(({ norm }) => norm > 1e-12);
    expect(real.length).toBeGreaterThan(0.6 * gradients.length);
    for (const g of gradients)
      expect(relativeError(actual.get(g.name)!, g), g.name).toBeLessThan(Math.max(1e-4, 16 * g.float32RelativeNorm));
    const after = model.stateDict();
    for (const s of runningStatistics)
      expect(relativeError(after.get(s.name)!.data, s), s.name).toBeLessThan(
        Math.max(1e-5, 16 * s.float32RelativeNorm),
      );
    model.dispose();
  }, 120_000);
});
