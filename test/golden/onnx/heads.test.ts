// Networks that others trained, with heads for other classes: imported ones and the library's own.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../../src/core/errors.js";
import { arrayDataset } from "../../../src/faces/data.js";
import * as library from "../../../src/hosts/node/index.js";
import {
  activations,
  cacheFeatures,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  freeze,
  gradCam,
  type Layer,
  Linear,
  loadModel,
  type Model,
  ReLU,
  replaceHead,
  resnet18,
  Sequential,
  SGD,
  Softmax,
  unfreeze,
} from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { modelOf, node, numbers, residualModel, weight } from "../../support/onnx-build.js";

const batchOf = ({ inputShape }: Model, n: number) => {
  const shape = [n, ...inputShape];
  return {
    data: Float32Array.from(
      numbers(
        shape.reduce((a, b) => a * b),
        3,
      ),
    ),
    shape,
  };
};

const isEqual = (a: ArrayLike<number>, b: ArrayLike<number> | undefined): boolean =>
  a.length === b?.length && Array.prototype.every.call(a, (value, i) => value === b[i]);

/** Trains the head alone; everything else stays, and the loss falls. */
function expectHeadLearns(model: Model, head: string): void {
  freeze(model, /./);
  unfreeze(model, head);
  const before = model.stateDict();
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.05, momentum: 0.9 }),
    clipGradNorm: 1,
  });
  const losses = Array.from({ length: 12 }, () => trainer.step(batchOf(model, 3), [0, 1, 2]).loss);
  expect(Math.min(...losses)).toBeLessThan(losses[0]!);
  const moved = [...model.stateDict()].filter(([name, { data }]) => !isEqual(data, before.get(name)?.data));
  expect(moved.length).toBeGreaterThan(0);
  expect(moved.length).toBeLessThanOrEqual(2);
}

const zoo = new URL("../../../../shared/data/zoo/", import.meta.url);
const HEADS: [name: string, head: string][] = [
  ["resnet_basic", "fc.Gemm"],
  ["resnet_bottleneck_dynamo", "node_linear"],
  ["resnet_d_se", "fc.Gemm"],
  ["cifar_preact", "fc.Gemm"],
  ["residual_mlp", "o.Gemm"],
  ["mobilenet_v2_035", "classifier.Gemm"],
  ["mobilenet_v3_small_050", "classifier.Gemm"],
  ["squeezenet1_1", "classifier.1.Conv"],
  ["densenet", "classifier.Gemm"],
  ["test_convnext", "head.fc.Gemm"],
  ["resnet_1d", "fc.Gemm"],
  ["regnet_y", "fc.Gemm"],
];

describe.skipIf(!existsSync(zoo))("heads of the zoo (skipped without ../shared/data/zoo)", () => {
  it.each(HEADS)("%s", async (name, expected) => {
    const bytes = readFileSync(new URL(`${name}/model.onnx`, zoo));
    const model = await loadOnnx(bytes, { classes: 7, seed: 5 });
    expect(model.outputShape).toEqual([7]);
    const { network, state } = importOnnx(bytes);
    const { head } = replaceHead(network, { classes: 7 });
    expect(head).toBe(expected);
    const own = model.stateDict();
    const others = [...state].filter(([key, { shape }]) => own.get(key)!.shape.join() === shape.join());
    expect(state.size - others.length).toBeGreaterThan(0);
    expect(state.size - others.length).toBeLessThanOrEqual(2);
    for (const [key, { data }] of others) expect(own.get(key)!.data, key).toEqual(data);
    const again = await loadModel(await model.save());
    expect(again.predict(batchOf(model, 2)).data).toEqual(model.predict(batchOf(model, 2)).data);
    expectHeadLearns(model, head);
  });
});

describe("a head of an imported network", () => {
  const bytes = writeModel(residualModel([3, 7, 6], 4));

  it("is found by class count, node, path or weight, and loses its Softmax", async () => {
    for (const head of [undefined, "/fc/Gemm", "fc.Gemm", "fc", "fc.weight"]) {
      const model = await loadOnnx(bytes, { classes: 5, ...(head && { head }) });
      expect(model.outputShape).toEqual([5]);
      const { data } = model.predict(batchOf(model, 1));
      expect(data.reduce((a, b) => a + b, 0)).not.toBeCloseTo(1, 3);
    }
    const [one, two] = await Promise.all([1, 2].map((seed) => loadOnnx(bytes, { classes: 5, seed })));
    expect(one!.stateDict().get("fc.weight")).not.toEqual(two!.stateDict().get("fc.weight"));
    const bound = 1 / Math.sqrt(8);
    for (const key of ["fc.weight", "fc.bias"]) {
      const { data } = one!.stateDict().get(key)!;
      expect(data.every((value) => value !== 0 && Math.abs(value) <= bound)).toBe(true);
    }
  });

  it("is replaced in a saved model too, and again", async () => {
    const saved = await loadModel(await (await loadOnnx(bytes)).save());
    const { network, head } = replaceHead(saved.network, { classes: 6 });
    const model = await createModel(network, { inputShape: saved.inputShape });
    model.loadStateDict(saved.stateDict(), { skip: head });
    expect(model.stateDict().get("conv1.weight")).toEqual(saved.stateDict().get("conv1.weight"));
    expect(replaceHead(model.network, { classes: 2 }).head).toBe("fc.Gemm");
    expectHeadLearns(model, head);
  });

  it("trains on cached features to the weights that it gets in place", async () => {
    const model = await loadOnnx(bytes, { classes: 3, seed: 2 });
    const [x, y] = [Float32Array.from(numbers(6 * 126, 3)), Int32Array.of(0, 1, 2, 0, 1, 2)];
    const dataset = arrayDataset({ x, y, inputShape: [7, 6, 3], classes: 3 });
    const features = await cacheFeatures(model, dataset, { layer: "flat" }).catch((error) => error);
    expect(String(features)).toContain("layer expected one of");
    const cached = await cacheFeatures(model, dataset, { layer: "Flatten_8" });
    expect(cached.inputShape).toEqual([8]);
    const small = await createModel(new Linear(8, 3), { inputShape: [8] });
    const entries = ["weight", "bias"].map((name) => [name, model.stateDict().get(`fc.${name}`)!] as const);
    small.loadStateDict(Object.fromEntries(entries));
    freeze(model, /./);
    unfreeze(model, "fc");
    const options = () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    for (const [net, data] of [
      [model, dataset],
      [small, cached],
    ] as const)
      await createTrainer(net, options()).fit(data, { epochs: 3, batchSize: 3, shuffle: false });
    expect(small.stateDict().get("weight")!.data).toEqual(model.stateDict().get("fc.weight")!.data);
  });

  it("is explained by gradCam, at any node with pixels", async () => {
    const model = await loadOnnx(bytes, { classes: 3 });
    for (const layer of ["/conv2/Conv", "bn2", "Add_5"]) {
      const { shape, data } = gradCam(model, batchOf(model, 2), { layer, target: 1 });
      expect(shape).toEqual([2, 4, 3]);
      expect(Math.max(...data)).toBe(1);
    }
    expect(activations(model, batchOf(model, 1), ["/fc/Gemm"]).get("/fc/Gemm")!.data.length).toBe(3);
  });

  it("is refused where there is none, with a reason", async () => {
    const of = (nodes: ReturnType<typeof node>[], weights: ReturnType<typeof weight>[], shape = [3, 4, 4]) =>
      importOnnx(writeModel(modelOf(13, ["n", ...shape], nodes, weights))).network;
    const conv = (x: string, y: string, more = {}) =>
      node("Conv", [x, "w"], [y], { kernel_shape: [1, 1], ...more }, { name: y });
    const refused = (network: Layer, head: string | undefined, message: string) => {
      expect(() => replaceHead(network, { classes: 2, ...(head && { head }) })).toThrow(ArgumentError);
      expect(() => replaceHead(network, { classes: 2, ...(head && { head }) })).toThrow(message);
    };
    refused(of([node("Relu", ["x"], ["y"])], []), undefined, "head expected a product near the output, got none");
    refused(of([conv("x", "y")], [weight("w", 4, 3, 1, 1)]), "conv9", "head expected the last product, y, got conv9");
    refused(
      of([conv("x", "a"), conv("a", "y")], [weight("w", 3, 3, 1, 1)]),
      undefined,
      "with weights of its own, got y",
    );
    refused(of([conv("x", "y", { group: 3 })], [weight("w", 3, 1, 1, 1)]), undefined, "with weights of its own, got y");
    const flat = [conv("x", "a"), node("Flatten", ["a"], ["y"], {}, { name: "flat" })];
    refused(of(flat, [weight("w", 4, 3, 1, 1)]), undefined, "after which the classes stay an axis, got flat");
    expect(() => replaceHead(new Linear(2, 2), { classes: 0 })).toThrow(
      "classes expected an integer of at least 1, got 0",
    );
    await expect(loadOnnx(bytes, { head: "fc" })).rejects.toThrow("loadOnnx: classes expected a number");
  });
});

describe("a head of the library's own networks", () => {
  const FAMILIES: [name: string, network: () => Layer, head: string, inputShape: number[]][] = [
    ["resnet18", () => resnet18(), "fc", [32, 32, 3]],
    ["cifarResNet", () => cifarResNet(8), "fc", [32, 32, 3]],
    [
      "a list with a Softmax",
      () => new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 5), new Softmax()),
      "2",
      [4],
    ],
    ["a Linear", () => new Linear(4, 5), "", [4]],
    [
      "named layers",
      () =>
        new Sequential(
          { a: new Linear(4, 6), head: new Sequential({ norm: new ReLU(), fc: new Linear(6, 7) }) },
          { names: { a: "body" } },
        ),
      "head.fc",
      [4],
    ],
  ];

  it.each(FAMILIES)("%s", async (_, make, expected, inputShape) => {
    const old = await createModel(make(), { inputShape, seed: 4 });
    const { network, head } = replaceHead(old.network, { classes: 3 });
    expect(head).toBe(expected);
    const model = await createModel(network, { inputShape, seed: 7 });
    expect(model.outputShape).toEqual([3]);
    const prefix = head === "" ? "" : `${head}.`;
    if (head === "") return;
    const known = old.stateDict();
    model.loadStateDict(known, { skip: head });
    const moved = [...model.stateDict()].filter(([key, { data }]) => !isEqual(data, known.get(key)?.data));
    expect(moved.filter(([key]) => !key.startsWith(prefix))).toEqual([]);
    expect(() => replaceHead(network, { classes: 3, head: "layer9" })).toThrow("at its end called layer9");
    expectHeadLearns(model, head);
  });

  it("is found in every family that takes classes", () => {
    const makers = Object.entries(library).filter(
      ([name, make]) =>
        typeof make === "function" &&
        /^(resnet|resnext|wide|seresnet|mobilenet|efficientnet|convnext|regnet|densenet|shufflenet)/.test(name),
    );
    expect(makers.length).toBeGreaterThan(5);
    const without: string[] = [];
    for (const [name, make] of makers) {
      const preset = {
        mobilenetV3: "small",
        efficientnet: "b0",
        convnext: "atto",
        densenet: 121,
        regnet: "x_400mf",
        shufflenetV2: "x0_5",
      }[name];
      const network = (make as (...args: unknown[]) => Layer)(
        ...(preset ? [preset] : name === "resnet1d" ? [{ in: 2, classes: 4 }] : []),
      );
      try {
        replaceHead(network, { classes: 3 });
      } catch (error) {
        without.push(`${name}: ${(error as Error).message}`);
      }
    }
    expect(without).toEqual([]);
  });
});
