// `compileModel`: one module without imports that gives the bits of `predict`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import simd from "../../../build/kernels/standalone-simd.js";
import { transformImage } from "../../../src/faces/data.js";
import { compileModel } from "../../../src/faces/standalone.js";
import * as lib from "../../../src/hosts/node/index.js";
import { loadModel as loadPredictor } from "../../../src/hosts/node/inference.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { uniform } from "../../golden/generator.js";
import { start } from "./modules.js";

const plain = { threads: 1, relaxedSimd: false } as const;
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Running statistics as after training: a network whose BatchNorms have not seen data tests little. */
async function trained(network: lib.Layer, inputShape: number[]): Promise<lib.Model> {
  const model = await lib.createModel(network, { inputShape, seed: 7, ...plain });
  model.forward(
    { data: uniform("standalone/train", 4 * product(inputShape)), shape: [4, ...inputShape] },
    { training: true },
  );
  return model;
}

const NETWORKS: Record<string, [network: () => lib.Layer, inputShape: number[]]> = {
  "a residual MLP with BatchNorm": [
    () => lib.residualMLP({ in: 20, out: 5, width: 64, blocks: 3, norm: "batch" }),
    [20],
  ],
  "ResNet-20": [() => lib.cifarResNet(20), [32, 32, 3]],
  "ResNet-18": [() => lib.resnet18(), [96, 96, 3]],
  MobileNetV2: [() => lib.mobilenetV2(), [96, 96, 3]],
  ConvNeXt: [() => lib.convnext({ depths: [1, 1, 1, 1], dims: [8, 16, 24, 32] }), [64, 64, 3]],
  "a network of signals": [() => lib.resnet1d({ in: 3, classes: 4 }), [128, 3]],
};

describe.each(Object.entries(NETWORKS))("%s", (_, [network, inputShape]) => {
  it("has the bits of predict at each n, and passes NaN on", async () => {
    const model = await trained(network(), inputShape);
    const module = start(compileModel(model, { batchSize: 3 }));
    const x = uniform("standalone/x", 3 * product(inputShape));
    const { data } = model.predict({ data: x, shape: [3, ...inputShape] });
    const each = product(model.outputShape);
    expect(module.predict(x, 3)).toEqual(data);
    for (const n of [1, 2]) {
      const rest = x.slice();
      rest.fill(9, n * product(inputShape));
      expect(module.predict(rest, n)).toEqual(data.slice(0, n * each));
    }
    for (const n of [0, 4, -1, 2 ** 31 - 1]) {
      const before = module.floats(module.exports.output(), 3 * each).slice();
      expect(module.exports.run(n)).toBe(1);
      expect(module.floats(module.exports.output(), 3 * each)).toEqual(before);
    }
    const broken = x.slice();
    broken.fill(NaN, 0, product(inputShape));
    const passed = module.predict(broken, 3);
    expect(passed.subarray(0, each).every(Number.isNaN)).toBe(true);
    expect(passed.slice(each)).toEqual(data.slice(each));
    expect((module.exports.input() % 16) + (module.exports.output() % 16)).toBe(0);
    expect(() => module.exports.memory.grow(1)).toThrow(RangeError);
    model.dispose();
  });

  it("has weights of half precision as they are saved", async () => {
    const model = await trained(network(), inputShape);
    const [whole, half] = (["F32", "F16"] as const).map((precision) => compileModel(model, { precision }));
    const saved = await lib.loadModel(await model.save({ dtype: "F16" }), plain);
    const x = uniform("standalone/x", product(inputShape));
    expect(start(half).predict(x, 1)).toEqual(saved.predict({ data: x, shape: [1, ...inputShape] }).data);
    const weights = [...model.stateDict().values()].reduce((sum, { data }) => sum + 2 * data.length, 0);
    expect(whole.length - half.length).toBeGreaterThan(0.9 * weights);
    model.dispose();
    saved.dispose();
  });
});

it("is small: ResNet-20 with its weights at most 1.25 MB, its code at most 30 KB gzipped", async () => {
  const model = await lib.createModel(lib.cifarResNet(20), { inputShape: [32, 32, 3], ...plain });
  const bytes = compileModel(model);
  expect(bytes.length).toBeLessThan(1.25e6);
  for (const { data } of model.stateDict().values()) data.fill(0);
  const weights = new Map(
    [...model.stateDict()].map(([name, { shape }]) => [name, { shape, data: new Float32Array(product(shape)) }]),
  );
  model.loadStateDict(weights);
  const code = gzipSync(compileModel(model)).length;
  console.log(`ResNet-20: ${bytes.length} bytes, without weights ${code} bytes gzipped`);
  expect(code).toBeLessThan(30_000);
  model.dispose();
});

it("tells what goes in and out", async () => {
  const model = await lib.createModel(lib.cifarResNet(8, { classes: 2 }), { inputShape: [32, 32, 3], ...plain });
  model.classNames = ["猫", "dog"];
  model.transform = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
  const { info } = start(compileModel(model, { batchSize: 2, precision: "F16" }));
  expect(info).toEqual({
    ...{ input: [32, 32, 3], output: [2], batchSize: 2, precision: "F16", relaxedSimd: false },
    ...{ classNames: ["猫", "dog"], transform: model.transform, hash: expect.stringMatching(/^[0-9a-f]{8}$/) },
  });
  const other = start(
    compileModel(
      await lib.createModel(lib.cifarResNet(8, { classes: 2 }), { inputShape: [32, 32, 3], seed: 1, ...plain }),
    ),
  );
  expect(other.info.hash).not.toBe(info.hash);
  expect(other.info).not.toHaveProperty("transform");
  model.dispose();
});

it("takes pictures as transformImage does", async () => {
  const sizes = [
    [40, 30],
    [30, 40],
    [64, 64],
    [7, 90],
    [24, 24],
  ];
  const transforms = [
    { resize: 24, crop: 20, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    { resize: 21, crop: 20, interpolation: "bicubic", mean: [0.1, 0.2, 0.3], std: [0.3, 0.2, 0.1] },
    { resize: [20, 20], mean: [0.5], std: [0.25] },
    { crop: [20, 20], mean: [0, 0, 0], std: [1, 1, 1] },
  ] as const;
  for (const transform of transforms) {
    const channels = transform.mean.length;
    const network = new lib.Sequential(new lib.Flatten(), new lib.Linear(400 * channels, 3));
    const model = await lib.createModel(network, { inputShape: [20, 20, channels], ...plain });
    model.transform = transform;
    const module = start(compileModel(model, { batchSize: 2, picture: { maxWidth: 90, maxHeight: 90 } }));
    expect(module.info.picture).toEqual({ maxWidth: 90, maxHeight: 90 });
    const { exports } = module;
    for (const [width, height] of sizes) {
      const data = Uint8Array.from(uniform(`picture/${width}`, 3 * width * height), (v) => 128 + 127 * v);
      const expected = transformImage({ data, width, height }, transform).data;
      for (const i of [0, 1]) {
        new Uint8Array(exports.memory.buffer).set(data, exports.picture());
        expect(exports.load(i, width, height)).toBe(0);
        expect(module.floats(exports.input() + 4 * i * expected.length, expected.length)).toEqual(expected);
      }
    }
    for (const [i, width, height] of [
      [2, 40, 40],
      [-1, 40, 40],
      [0, 0, 4],
      [0, 91, 40],
      [0, 40, 91],
    ])
      expect(exports.load(i, width, height)).toBe(1);
    model.dispose();
  }
});

it("takes what loadModel of the entry for inference gives, and relaxed SIMD", async () => {
  const model = await trained(lib.cifarResNet(8), [32, 32, 3]);
  const predictor = await loadPredictor(await model.save(), plain);
  expect(compileModel(predictor)).toEqual(compileModel(model));
  const relaxed = compileModel(model, { relaxedSimd: true });
  expect(relaxed).not.toEqual(compileModel(model));
  const x = uniform("standalone/x", 3072);
  if (!WebAssembly.validate(relaxed)) return;
  const fast = await lib.loadModel(await model.save(), { threads: 1 });
  expect(start(relaxed).predict(x, 1)).toEqual(fast.predict({ data: x, shape: [1, 32, 32, 3] }).data);
});

const zoo = fileURLToPath(new URL("../../../../shared/data/zoo", import.meta.url));
const nets = ["resnet_d_se", "mobilenet_v3_small_050", "test_convnext"];
it.skipIf(!existsSync(zoo)).each(nets)("takes %s from ONNX (skipped where the zoo is absent)", async (name) => {
  const model = await loadOnnx(readFileSync(join(zoo, name, "model.onnx")), plain);
  const x = uniform("standalone/x", product(model.inputShape));
  const expected = model.predict<lib.Tensor>({ data: x, shape: [1, ...model.inputShape] }).data;
  expect(start(compileModel(model)).predict(x, 1)).toEqual(expected);
  model.dispose();
});

describe("refuses", () => {
  it("what is no model, with the cure for one in a worker", () => {
    for (const nothing of [null, {}, { predict() {} }])
      expect(() => compileModel(nothing as never)).toThrow(/compileModel: model expected a model .*save the file/s);
  });

  it("options that mean nothing", async () => {
    const model = await lib.createModel(lib.cifarResNet(8), { inputShape: [32, 32, 3], ...plain });
    const options = [
      { batchSize: 0 },
      { batch: 2 },
      { precision: "I4" },
      { relaxedSimd: 1 },
      { picture: { maxWidth: 0 } },
    ];
    for (const each of options) expect(() => compileModel(model, each as never)).toThrow(lib.ArgumentError);
    expect(() => compileModel(model, { picture: true })).toThrow(/transform.*none/s);
    model.transform = { resize: 48, crop: 40, mean: [0, 0, 0], std: [1, 1, 1] };
    expect(() => compileModel(model, { picture: true })).toThrow(/\[40, 40, 3\].*\[32,32,3\]/s);
    model.dispose();
  });

  it("an op without a kernel, by its name", async () => {
    const model = await lib.createModel(lib.cifarResNet(8), { inputShape: [32, 32, 3], ...plain });
    const kernels = [...simd.kernels];
    simd.kernels.fill(-1);
    try {
      expect(() => compileModel(model)).toThrow(/network expected ops that have kernels.*got \w+, which has none/);
    } finally {
      simd.kernels.splice(0, kernels.length, ...kernels);
    }
    model.dispose();
  });

  it("more memory than 32 bits address, and weights beyond half precision", async () => {
    const model = await lib.createModel(new lib.Linear(2000, 2000), { inputShape: [2000], ...plain });
    expect(() => compileModel(model, { batchSize: 300_000 })).toThrow(
      /compileModel: module expected at most 4294967296/,
    );
    model.loadStateDict(
      new Map([...model.stateDict()].map(([name, t]) => [name, { shape: t.shape, data: t.data.fill(1e6) }])),
    );
    expect(() => compileModel(model, { precision: "F16" })).toThrow(lib.NumericError);
    model.dispose();
    expect(() => compileModel(model)).toThrow(/disposed/);
  });
});
