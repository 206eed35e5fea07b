// Networks in eight bits: the accuracy that they keep, their files, and that they give the same bits everywhere.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCifar } from "../../../src/data/cifar.js";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  AdaptiveAvgPool2d,
  BasicBlock,
  BatchNorm2d,
  Bottleneck,
  Conv2d,
  cifarResNet,
  createModel,
  Flatten,
  GELU,
  type Layer,
  Linear,
  loadModel as loadFloats,
  MaxPool2d,
  type Model,
  mobilenetV2,
  ReLU,
  readSafetensors,
  Sequential,
  SqueezeExcitation,
} from "../../../src/hosts/node/index.js";
import { loadModel, type QuantizedModel, quantize } from "../../../src/hosts/node/quantize.js";
import { normals } from "../../support/kernels/compare.js";

const folder = new URL("../../../../shared/data/", import.meta.url);
const hasCifar = existsSync(new URL("cifar-10/test_batch.bin", folder));
const read = (path: string) => readFileSync(new URL(path, folder));

/** Inputs of a normal distribution, and what a model makes of them. */
const inputsOf = (model: { inputShape: readonly number[] }, n: number) =>
  normals(n * model.inputShape.reduce((a, b) => a * b, 1), 5);

/** The relative difference, root mean square. */
function differs(a: Float32Array, b: Float32Array): number {
  const sum = (values: Float32Array) => values.reduce((total, x) => total + x * x, 0);
  return Math.sqrt(sum(a.map((x, i) => x - b[i])) / sum(a));
}

/** The bits of all outputs: of whatever variant, number of threads and size of batch. */
async function sameEverywhere(file: Uint8Array, x: Float32Array): Promise<Float32Array> {
  const settings = [
    { threads: 1, relaxedSimd: false },
    { threads: 1 },
    { threads: { force: 2 } },
    { threads: { force: 3 }, relaxedSimd: false },
  ];
  const all: Float32Array[] = [];
  for (const options of settings) {
    const model = await loadModel(file, options);
    all.push(model.predict(x).data, model.predict(x, { batchSize: 1 }).data);
    model.dispose();
  }
  for (const [i, data] of all.entries())
    expect(Buffer.from(data.buffer).equals(Buffer.from(all[0].buffer)), `${i}`).toBe(true);
  return all[0];
}

const small: Record<string, { network: () => Layer; inputShape: number[]; most: number }> = {
  "a ResNet for CIFAR": { network: () => cifarResNet(20), inputShape: [32, 32, 3], most: 0.06 },
  "bottlenecks after a max pool, stride 2": {
    network: () =>
      new Sequential(
        new Conv2d(3, 16, { kernelSize: 7, stride: 2, padding: 3, bias: false }),
        new BatchNorm2d(16),
        new ReLU(),
        new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
        new Bottleneck(16, 8),
        new Bottleneck(32, 16, { stride: 2 }),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(64, 10),
      ),
    inputShape: [33, 29, 3],
    most: 0.06,
  },
  "squeeze-excitation, GELU, dilation and odd channels": {
    network: () =>
      new Sequential(
        new Conv2d(5, 10, { kernelSize: 3, padding: 2, dilation: 2 }),
        new GELU(),
        new SqueezeExcitation(10, 4),
        new Conv2d(10, 7, { kernelSize: 3, padding: 1 }),
        new BasicBlock(7, 9),
        new AdaptiveAvgPool2d(2),
        new Flatten(),
        new Linear(36, 5),
      ),
    inputShape: [12, 11, 5],
    most: 0.06,
  },
  MobileNetV2: { network: () => mobilenetV2({ width: 0.35, classes: 10 }), inputShape: [64, 64, 3], most: 0.12 },
};

describe.each(Object.entries(small))("%s", (_, { network, inputShape, most }) => {
  async function both(options = {}): Promise<{ model: Model; quantized: QuantizedModel; x: Float32Array }> {
    const model = await createModel(network(), { inputShape, seed: 3 });
    const x = inputsOf(model, 8);
    return { model, x, quantized: await quantize(model, x, { threads: 1, ...options }) };
  }

  it("stays near the outputs in float32, with all ranges, and as a file of a quarter of the bytes", async () => {
    for (const ranges of ["minmax", "percentile", "mse"] as const) {
      const { model, quantized, x } = await both({ ranges, first: ranges === "mse" });
      const [before, after] = [model.predict(x).data, quantized.predict(x).data];
      expect(differs(before, after)).toBeLessThan(most);
      const { report } = quantized;
      if (!report) throw new Error("no report");
      expect(report.error).toBeCloseTo(differs(before, after), 3);
      expect(report.layers.filter(({ precision }) => precision === "int8").length).toBeGreaterThan(0);
      expect(report.bytes.after / report.bytes.before).toBeLessThan(0.6);
    }
  });

  it("gives the same bits in all variants, with any number of threads, before and after saving", async () => {
    const { quantized, x } = await both();
    const file = await quantized.save();
    const outputs = await sameEverywhere(file, x.subarray(0, x.length / 2));
    expect(quantized.predict(x.subarray(0, x.length / 2)).data).toEqual(outputs);
    const again = await loadModel(file);
    expect(Buffer.from(await again.save()).equals(Buffer.from(file))).toBe(true);
    expect(again.report).toBeUndefined();
  });
});

describe("what cannot be", () => {
  const make = () =>
    createModel(new Sequential(new Linear(6, 8), new ReLU(), new Linear(8, 3)), {
      inputShape: [6],
      threads: 1,
      relaxedSimd: false, // eight bits have no fused multiply-adds
    });

  it("is refused with what was expected", async () => {
    const model = await make();
    const x = inputsOf(model, 4);
    await expect(quantize({} as Model, x)).rejects.toThrow("quantize: model expected a model");
    await expect(quantize(model, x, { ranges: "entropy" as "mse" })).rejects.toThrow('ranges expected "minmax"');
    await expect(quantize(model, x, { keep: ["3.weight"] })).rejects.toThrow(
      "quantize: keep expected names of weights: 0.weight, 2.weight",
    );
    await expect(quantize(model, new Float32Array(0))).rejects.toThrow("at least 1");
    await expect(quantize(model, [[NaN, 1, 1, 1, 1, 1]])).rejects.toThrow("quantize: the input of");
    const quantized = await quantize(model, x, { first: true });
    await expect(quantize(quantized, x)).rejects.toThrow("one in eight bits");
    await expect(loadModel(await model.save())).rejects.toThrow("loadModel: network expected one in eight bits");
  });

  it("other entries say so, and hostile files are refused", async () => {
    const model = await make();
    const quantized = await quantize(model, inputsOf(model, 4), { first: true });
    const file = await quantized.save();
    const text = Buffer.from(file).toString("latin1");
    const changed = (from: string, to: string) => Buffer.from(text.replace(from, to.padEnd(from.length)), "latin1");
    const scale = /\\"scale\\":[\d.e-]+/.exec(text)?.[0] ?? "";
    for (const to of ['\\"scale\\":0', '\\"scale\\":-1', '\\"scale\\":1e99'])
      await expect(loadModel(changed(scale, to), { verify: false }), to).rejects.toThrow("precisions");
    await expect(loadModel(changed('\\"zero\\":', '\\"zerp\\":'), { verify: false })).rejects.toThrow("precisions");
    await expect(loadFloats(file, { verify: false })).rejects.toThrow(
      'got "Quantized". loadModel of resnet-wasm/quantize',
    );
  });

  it("leaves what is asked for in float32", async () => {
    const model = await make();
    const x = inputsOf(model, 4);
    const precisions = async (options: object) =>
      (await quantize(model, x, options)).report?.layers.map(({ precision, why }) => `${precision} ${why}`);
    expect(await precisions({})).toEqual(["float32 the first", "int8 faster on integers"]);
    expect(await precisions({ first: true, last: false })).toEqual(["int8 faster on integers", "float32 the last"]);
    expect(await precisions({ keep: ["2.weight"] })).toEqual(["float32 the first", "float32 kept"]);
    const untouched = await quantize(model, x, { keep: ["0.weight", "2.weight"] });
    expect(untouched.predict(x)).toEqual(model.predict(x));
  });
});

const titled = (title: string) => `${title}${hasCifar ? "" : " (skipped: ../shared/data is absent)"}`;

describe.skipIf(!hasCifar)(titled("ResNet-20 of CIFAR-10"), () => {
  it("loses at most 0.3 points of a thousand test images, a quarter of the size", async () => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const take = (file: string, n: number) => {
      const dataset = readCifar(read(file));
      const x = new Float32Array(n * 3072);
      const y = new Int32Array(n);
      dataset.get([...y.keys()], x, y);
      return arrayDataset({
        x: x.map((p, i) => (p - mean[i % 3]) / std[i % 3]),
        y,
        inputShape: [32, 32, 3],
        classes: 10,
      });
    };
    const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
    const { tensors } = readSafetensors(read("cifar10-resnets/resnet20-12fca82f.safetensors"));
    model.loadStateDict(tensors, { rename: (name) => name.replace(/^linear/, "fc") });
    const validation = take("cifar-10/test_batch.bin", 1000);
    const quantized = await quantize(model, take("cifar-10/data_batch_1.bin", 256), { validation });
    const { accuracy, bytes, layers } = quantized.report ?? {};
    expect(accuracy?.samples).toBe(1000);
    expect(accuracy?.before).toBeGreaterThan(0.9);
    expect((accuracy?.before ?? 1) - (accuracy?.after ?? 0)).toBeLessThanOrEqual(0.003);
    expect((bytes?.after ?? 1) / (bytes?.before ?? 1)).toBeLessThan(0.28);
    expect((await quantized.save()).length / (await model.save()).length).toBeLessThan(0.28);
    expect(layers?.filter(({ precision }) => precision === "int8").length).toBe(19);
  });
});

describe("tune", () => {
  it("chooses by what products take here, tells it, and saves the choice", async () => {
    const model = await createModel(cifarResNet(8), { inputShape: [16, 16, 3], threads: 1 });
    const x = inputsOf(model, 4);
    const quantized = await quantize(model, x, { tune: true, threads: 1 });
    const { layers = [] } = quantized.report ?? {};
    for (const { name, precision, why, milliseconds } of layers) {
      if (!milliseconds) throw new Error(`${name} has no time`);
      const { int8, float32 } = milliseconds;
      expect(Math.min(int8, float32)).toBeGreaterThan(0);
      if (why.startsWith("faster")) expect(precision === "int8", name).toBe(int8 <= float32);
    }
    const again = await loadModel(await quantized.save(), { threads: 1 });
    expect(again.predict(x)).toEqual(quantized.predict(x));
  });
});
