// Exported files as onnxruntime runs them, and as they come in again.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ACTIVATIONS, BINARY, UNARY } from "../../../src/abi/enums.js";
import { FormatError } from "../../../src/core/errors.js";
import type { Op } from "../../../src/graph/op.js";
import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  type BinaryFunction,
  type Builder,
  binary,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  ConvTranspose2d,
  cifarResNet,
  concat,
  conv2d,
  createModel,
  Dropout,
  Flatten,
  GELU,
  GroupNorm,
  InstanceNorm2d,
  Layer,
  LayerNorm,
  LayerScale,
  Linear,
  LogSoftmax,
  MaxPool1d,
  MaxPool2d,
  type Model,
  PadShortcut,
  PReLU,
  pad,
  type ReductionFunction,
  ReflectionPad2d,
  ReLU,
  Residual,
  reduce,
  resnet1d,
  resnet18,
  Sequential,
  Softmax,
  Softplus,
  SqueezeExcitation,
  slice,
  tabularResNet,
  transpose,
  type UnaryFunction,
  Upsample,
  unary,
  type ValueId,
} from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { type ExportOptions, exportOnnx } from "../../../src/onnx/export.js";
import { ACTIVATION_NODES, ruleOf } from "../../../src/onnx/lower.js";
import { Reading } from "../../../src/onnx/protobuf.js";
import { readModel } from "../../../src/onnx/read.js";
import * as transposed from "../../../src/ops/conv-transpose.js";
import { allGradients } from "../../../src/ops/gradients.js";
import * as maps from "../../../src/ops/maps.js";
import * as movement from "../../../src/ops/movement.js";
import * as resample from "../../../src/ops/resample.js";
import * as shape from "../../../src/ops/shape.js";
import { SMALL } from "../../support/families.js";
import { numbers } from "../../support/onnx-build.js";
import { runOnnx } from "../../support/onnx-runtime.js";
import { setWeights } from "../../support/weights.js";

const read = (bytes: Uint8Array) => readModel(bytes, new Reading("test", bytes.length));

const batchOf = (model: Model, n: number) => {
  const shape = [n, ...model.inputShape];
  const count = shape.reduce((a, b) => a * b, 1);
  return { data: Float32Array.from(numbers(count, 7)), shape };
};

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const error = Array.from(actual).reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(error).toBeLessThan(2e-5 * Math.max(1, largest(expected)));
}

/** A model whose norms, statistics and biases are not those that it starts from. */
async function modelOf(network: Layer, inputShape: number[]): Promise<Model> {
  const model = await createModel(network, { inputShape, seed: 3 });
  const vectors = [...model.stateDict()].filter(([, { shape }]) => shape.length === 1);
  const moved = vectors.map(([name, { data, shape }], i) => {
    const shifts = numbers(data.length, i + 1);
    return [name, { data: data.map((value, k) => value + 0.3 * Math.abs(shifts[k]!)), shape }] as const;
  });
  setWeights(model, Object.fromEntries(moved));
  return model;
}

/** onnxruntime's outputs for two batches are the model's. */
async function expectSame(model: Model, options?: ExportOptions): Promise<Uint8Array> {
  const bytes = exportOnnx(model, options);
  for (const n of [1, 3]) {
    const x = batchOf(model, n);
    const [expected, y] = [model.predict(x), await runOnnx(bytes, x)];
    expect(y.shape).toEqual(expected.shape);
    expectClose(y.data, expected.data);
  }
  return bytes;
}

/** The file comes in again, with the names of the weights and the outputs that it had. */
async function expectBack(model: Model, bytes: Uint8Array): Promise<void> {
  const again = await loadOnnx(bytes);
  const x = batchOf(model, 2);
  expectClose(again.predict(x).data, model.predict(x).data);
  const names = (of: Model) => [...of.stateDict().keys()].filter((name) => !name.endsWith("num_batches_tracked"));
  expect(names(again).sort()).toEqual(names(model).sort());
}

const flat = (...layers: Layer[]) =>
  new Sequential(...layers, new AdaptiveAvgPool2d(1), new Flatten(), new Linear(8, 3));
const conv = (stride = 1) => new Conv2d(3, 8, { kernelSize: 3, stride, padding: 1 });

const NETS: [name: string, network: () => Layer, inputShape: number[]][] = [
  ["ResNet-20", () => cifarResNet(20), [32, 32, 3]],
  ["resnet18", () => resnet18({ classes: 10 }), [64, 64, 3]],
  ["the tabular net", () => tabularResNet({ in: 9, out: 4, d: 24 }), [9]],
  ["a net with GroupNorm", () => flat(conv(2), new GroupNorm(4, 8), new ReLU(), new GroupNorm(1, 8)), [9, 8, 3]],
  ["a net with InstanceNorm", () => flat(conv(), new InstanceNorm2d(8, { affine: true }), new ReLU()), [7, 8, 3]],
  ["a net with a gate", () => flat(conv(), new SqueezeExcitation(8, 4)), [7, 8, 3]],
  [
    "a padded shortcut",
    () => flat(conv(), new PadShortcut(8, 12, { stride: 2 }), new Conv2d(12, 8, { kernelSize: 1 })),
    [7, 9, 3],
  ],
  [
    "a flat image",
    () => new Sequential(conv(3), new GELU(), new Flatten(), new Dropout(0.5), new Linear(72, 5), new Softmax()),
    [9, 9, 3],
  ],
  [
    "signals",
    () =>
      new Sequential(
        ...[new Conv1d(3, 8, { kernelSize: 5, stride: 2, padding: 2 }), new BatchNorm1d(8), new ReLU()],
        ...[new MaxPool1d({ kernelSize: 3, stride: 2, padding: 1 }), new AvgPool1d({ kernelSize: 2 })],
        ...[new Conv1d(8, 6, { kernelSize: 1 }), new AdaptiveAvgPool1d(1), new Flatten(), new Linear(6, 4)],
      ),
    [40, 3],
  ],
  ["images out", () => new Sequential(conv(), new BatchNorm2d(8), new GELU({ approximate: "tanh" })), [5, 6, 3]],
  ...Object.entries(SMALL).map(([name, make]): [string, () => Layer, number[]] => [name, make, [32, 24, 3]]),
  ["resnet1d", () => resnet1d({ in: 3, classes: 4, channels: [4, 8, 8] }), [20, 3]],
  ["logarithms", () => new Sequential(new Linear(6, 5), new BatchNorm1d(5), new LogSoftmax()), [6]],
];

describe("exportOnnx", () => {
  it.each(NETS)("%s: the same outputs by onnxruntime, and when it comes in again", async (_, network, inputShape) => {
    const model = await modelOf(network(), inputShape);
    await expectBack(model, await expectSame(model));
  });

  // What the importer has no op for.
  it.each<[string, Layer, number[]]>([
    [
      "norms without weights",
      flat(conv(), new BatchNorm2d(8, { affine: false }), new GroupNorm(2, 8, { affine: false })),
      [6, 6, 3],
    ],
    ["a LayerNorm of images", flat(conv(), new LayerNorm(8), new LayerNorm(8, { affine: false })), [6, 5, 3]],
    ["bins of several sizes", new Sequential(conv(), new AdaptiveAvgPool2d([3, 2])), [7, 5, 3]],
    ["a steeper Softplus", new Softplus({ beta: 2 }), [64]],
    ["bins of one size", new Sequential(conv(), new AdaptiveAvgPool2d([3, 2])), [6, 8, 3]],
    ["bins of a signal", new Sequential(new Conv1d(3, 4, { kernelSize: 3 }), new AdaptiveAvgPool1d(4)), [12, 3]],
    ["rows of features", new Sequential(new Linear(6, 4), new LayerNorm(4), new Residual(new Linear(4, 4))), [5, 6]],
    ["features of rows", new Sequential(new Linear(6, 4), new BatchNorm1d(4)), [5, 6]],
    ...[true, false].flatMap((ceilMode) =>
      [true, false].map((countIncludePad): [string, Layer, number[]] => [
        `pools, ceil ${ceilMode}, padding counts ${countIncludePad}`,
        new Sequential(
          new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1, ceilMode }),
          new AvgPool2d({ kernelSize: 3, stride: 2, padding: 1, ceilMode, countIncludePad }),
        ),
        [15, 12, 3],
      ]),
    ),
  ])("%s: the same outputs by onnxruntime", async (_, network, inputShape) => {
    await expectSame(await modelOf(network, inputShape));
  });

  it.each(Object.keys(ACTIVATIONS).filter((kind) => kind !== "none"))("writes %s", async (kind) => {
    const params: Record<string, number> = { leakyRelu: 0.7, elu: 0.7, softplus: 1 };
    class Own extends Layer {
      readonly type = "Own";
      protected args() {
        return [];
      }
      protected record(...[b, x]: Parameters<Layer["build"]>) {
        return b.activation(x, kind as keyof typeof ACTIVATION_NODES as never, params[kind] ?? 0);
      }
    }
    const model = await createModel(new Own(), { inputShape: [64] });
    await expectBack(model, await expectSame(model));
  });

  const recording = (record: (...args: Parameters<Layer["build"]>) => ValueId): Layer =>
    new (class extends Layer {
      readonly type = "Own";
      protected args() {
        return [];
      }
      protected record(...[b, x]: Parameters<Layer["build"]>) {
        return record(b, x);
      }
    })();

  // Numbers from 0.1 to 0.9: where all functions are defined, or nearly.
  const small = (b: Builder, x: ValueId) => unary(b, "affine", b.activation(x, "sigmoid"), 0.8, 0.1);
  const NUMBERS: Partial<Record<UnaryFunction, [number, number]>> = {
    affine: [2, -1],
    power: [3, 1.5],
    clamp: [-Infinity, 0.5],
    inside: [0.3, 0.6],
    above: [0.5, 0],
  };
  const functions = Object.keys(UNARY).filter((kind) => kind !== "inverseRoot") as UnaryFunction[];
  it.each(functions)("writes the function %s", async (kind) => {
    const [p, q] = NUMBERS[kind] ?? [];
    const shift = (b: Builder, x: ValueId) => (kind === "acosh" ? unary(b, "affine", x, 1, 1) : x);
    const network = recording((b, x) => unary(b, kind, shift(b, small(b, x)), p, q));
    await expectSame(await createModel(network, { inputShape: [4, 5, 3] }));
  });

  const pairs = Object.keys(BINARY).filter((kind) => !/D[ab]$/.test(kind)) as BinaryFunction[];
  it.each(pairs)("writes %s of images, and with weights that are broadcast", async (kind) => {
    const network = recording((b, x) => {
      const weights = [[3], [5, 1], [4, 5, 3], [1, 1, 1, 1]].map((shape, i) =>
        small(b, b.parameter(`w${i}`, shape, { init: "abc"[i] ? { kind: "normal", std: 1 } : 0.5 })),
      );
      const scaled = weights.map((w, i) => binary(b, kind, i % 2 ? w : small(b, x), i % 2 ? small(b, x) : w));
      return concat(b, [...scaled, binary(b, kind, small(b, x), b.mean(small(b, x)))]);
    });
    await expectSame(await createModel(network, { inputShape: [4, 5, 3] }));
  });

  const reductions: ReductionFunction[] = ["sum", "mean", "max", "min", "product", "l1", "l2", "sumSquares"];
  it.each([...reductions, "logSum", "logSumExp", "argMax", "argMin"] as ReductionFunction[])(
    "writes the reduction %s along any axes",
    async (kind) => {
      const isPlace = kind.startsWith("arg");
      for (const opset of [17, 21])
        for (const axes of isPlace ? [[1], [3]] : [[3], [1, 2], [2], [1, 3]])
          for (const keepDims of [true, false]) {
            const network = recording((b, x) => reduce(b, kind, small(b, x), { axes, keepDims }));
            await expectSame(await createModel(network, { inputShape: [4, 5, 3] }), { opset });
          }
    },
  );

  it("writes what moves numbers, of values and of weights", async () => {
    const network = recording((b, x) => {
      const turned = transpose(b, slice(b, x, { axis: 1, start: 1, end: 4, step: 2 }), [0, 2, 3, 1]);
      const around = pad(b, turned, [[1, 0]], 0.5);
      const weight = b.parameter("w", [8, 3, 3, 3], { init: "he", layout: "channelsLast" });
      const standard = binary(b, "sub", weight, reduce(b, "mean", weight, { axes: [1, 2, 3], keepDims: true }));
      const y = conv2d(b, x, standard, { padding: 1 });
      return b.linear(concat(b, [b.flatten(around), b.flatten(y)]), b.parameter("v", [2, 205], { init: "he" }));
    });
    await expectSame(await createModel(network, { inputShape: [4, 5, 3] }));
  });

  it("writes what makes images larger and smaller", async () => {
    const layers: [Layer, number[]][] = [
      [new Upsample({ scaleFactor: 2, mode: "bilinear" }), [5, 4, 3]],
      [new Upsample({ size: [3, 7] }), [5, 4, 3]],
      [new Upsample({ scaleFactor: 3, mode: "linear", alignCorners: true }), [5, 3]],
      [new ReflectionPad2d([1, 2, 0, 3]), [5, 4, 3]],
      [new AdaptiveMaxPool2d([3, 2]), [7, 5, 3]],
      [new ConvTranspose1d(3, 4, { kernelSize: 3, stride: 2 }), [5, 3]],
      [new ConvTranspose2d(3, 6, { kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, groups: 3 }), [4, 5, 3]],
      [
        new ConvTranspose2d(3, 2, { kernelSize: [2, 3], stride: [3, 1], outputPadding: [2, 0], bias: false }),
        [4, 5, 3],
      ],
    ];
    for (const [layer, inputShape] of layers) {
      const model = await modelOf(layer, inputShape);
      const bytes = await expectSame(model);
      if (!(layer instanceof Upsample)) await expectBack(model, bytes);
    }
  });

  it("writes LayerScale and PReLU", async () => {
    const network = new Sequential(conv(), new PReLU(8), new LayerScale(8, { initialValue: 0.5 }), new PReLU());
    const model = await createModel(network, { inputShape: [5, 4, 3] });
    await expectBack(model, await expectSame(model));
  });

  it("folds BatchNorms where it is told to, and leaves the model as it was", async () => {
    const model = await modelOf(cifarResNet(20), [32, 32, 3]);
    const [x, before] = [batchOf(model, 2), new Map(model.stateDict())];
    const y = model.predict(x).data;
    const bytes = await expectSame(model, { foldBatchNorm: true });
    expect(read(bytes).graph!.node!.map(({ opType }) => opType)).not.toContain("BatchNormalization");
    expect(read(bytes).graph!.initializer!.map(({ name }) => name)).toContain("conv1.bias");
    expect(model.predict(x).data).toEqual(y);
    expect(new Map(model.stateDict())).toEqual(before);
  });

  it("has the names that are promised, and a batch of any size", async () => {
    const model = await modelOf(resnet18({ classes: 10 }), [32, 32, 3]);
    const { graph, opsetImport, producerName } = read(exportOnnx(model, { opset: 21 }));
    const sizes = (info: NonNullable<typeof graph>["input"]) =>
      info!.map(({ name, type }) => [name, type!.tensorType!.shape!.dim!.map((d) => d.dimParam ?? d.dimValue)]);
    expect(sizes(graph!.input)).toEqual([["input", ["n", 3, 32, 32]]]);
    expect(sizes(graph!.output)).toEqual([["output", ["n", 10]]]);
    expect([producerName, opsetImport]).toEqual(["resnet-wasm", [{ domain: "", version: 21 }]]);
    const names = [...model.stateDict().keys()].filter((name) => !name.endsWith("num_batches_tracked"));
    expect(graph!.initializer!.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  it("refuses what it does not know, by name", async () => {
    const model = await createModel(new Linear(2, 2), { inputShape: [2] });
    expect(() => exportOnnx(model, { opset: 16 })).toThrow("exportOnnx: opset expected");
    expect(() => exportOnnx(model, { fold: true } as never)).toThrow(
      "exportOnnx: option expected opset, foldBatchNorm",
    );
    expect(() => exportOnnx({} as never)).toThrow("exportOnnx: model expected");
    const { network } = model;
    network.build = (b, x) => b.op({ name: "fancy", shapes: ([shape]) => [shape!] }, [x], {})[0]!;
    expect(() => exportOnnx(model)).toThrow(FormatError);
    expect(() => exportOnnx(model)).toThrow('exportOnnx: network expected ops that ONNX has, got fancy (layer "")');
  });

  it("knows every op and activation of a prediction", () => {
    const own = Object.values<unknown>({ ...maps, ...movement, ...resample, ...shape, ...transposed })
      .filter((each) => typeof each === "object" && each !== null && "gradient" in each)
      .map((each) => each as Op);
    const unknown = [...allGradients().map(({ of }) => of), ...own]
      .filter((op) => !op.isLoss && op.name !== "dropout")
      .filter((op) => !ruleOf({ op, attributes: { kind: "relu" } } as never));
    expect(unknown.map(({ name }) => name)).toEqual([]);
    expect(own.length).toBeGreaterThan(8);
    const kinds = Object.keys(ACTIVATIONS).filter((kind) => kind !== "none");
    expect(kinds.filter((kind) => !Object.hasOwn(ACTIVATION_NODES, kind))).toEqual([]);
  });
});

const zoo = new URL("../../../../shared/data/zoo/", import.meta.url);
describe.skipIf(!existsSync(zoo))("imported networks (skipped without ../shared/data/zoo)", () => {
  const names = existsSync(zoo) ? readdirSync(zoo).filter((name) => !name.endsWith(".json")) : [];
  it.each(names)("%s goes out, as onnxruntime has it, and comes in again", async (name) => {
    const model = await loadOnnx(readFileSync(new URL(`${name}/model.onnx`, zoo)));
    const bytes = await expectSame(model);
    await expectBack(model, bytes);
    // Nothing that nobody reads.
    const { node, output } = read(bytes).graph!;
    const readers = new Set([...node!.flatMap(({ input }) => input!), ...output!.map((each) => each.name)]);
    expect(node!.filter((each) => !each.output!.some((made) => readers.has(made)))).toEqual([]);
  });
});
