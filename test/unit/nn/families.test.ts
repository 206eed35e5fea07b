// Parameters and multiply-adds of network families, from torchvision's and timm's tables, and what they refuse.
import { describe, expect, it } from "vitest";
import { describeNetwork } from "../../../src/model/engine.js";
import { count } from "../../support/nets.js";
import {
  convnext,
  densenet,
  efficientnet,
  type Layer,
  mobilenetV2,
  mobilenetV3,
  regnet,
  resnet1d,
  resnetv2_50,
  resnetv2_50x1_bit,
  resnetv2_101,
  resnetv2_101x1_bit,
  shufflenetV2,
} from "../../support/stubbed.js";

// torchvision's documentation, "Table of all available classification weights": parameters, GFLOPS (multiply-adds, in 10^9) at
// the size of the weights' crop; tensors of state_dict().
const TORCHVISION: [
  name: string,
  make: () => Layer,
  parameters: number,
  gmacs: number,
  size: number,
  tensors: number,
][] = [
  ["mobilenet_v2", () => mobilenetV2(), 3_504_872, 0.3, 224, 314],
  ["mobilenet_v3_small", () => mobilenetV3("small"), 2_542_856, 0.06, 224, 244],
  ["mobilenet_v3_large", () => mobilenetV3("large"), 5_483_032, 0.22, 224, 312],
  ["efficientnet_b0", () => efficientnet("b0"), 5_288_548, 0.39, 224, 360],
  ["efficientnet_b1", () => efficientnet("b1"), 7_794_184, 0.69, 240, 508],
  ["efficientnet_b2", () => efficientnet("b2"), 9_109_994, 1.09, 288, 508],
  ["efficientnet_b3", () => efficientnet("b3"), 12_233_232, 1.83, 300, 574],
  ["efficientnet_b4", () => efficientnet("b4"), 19_341_616, 4.39, 380, 706],
  ["efficientnet_v2_s", () => efficientnet("v2_s"), 21_458_488, 8.37, 384, 782],
];

describe("as torchvision's", () => {
  it.each(TORCHVISION)("%s", (_, make, parameters, gmacs, size, tensors) => {
    const found = count(make(), [size, size, 3]);
    expect(found.parameters).toBe(parameters);
    expect(found.state.length).toBe(tensors);
    expect(Math.abs(found.macs / 1e9 - gmacs)).toBeLessThan(0.0051);
  });
});

// timm's results/benchmark-infer-*.csv: millions of parameters, GMACs, among which it counts norms and pools.
const TIMM: [name: string, make: () => Layer, millions: number, gmacs: number, size: number][] = [
  ["mobilenetv2_100", () => mobilenetV2({ names: "timm" }), 3.5, 0.31, 224],
  ["efficientnet_lite0", () => efficientnet("lite0"), 4.65, 0.4, 224],
  ["convnext_atto", () => convnext("atto"), 3.7, 0.91, 288],
  ["convnext_femto", () => convnext("femto"), 5.22, 1.3, 288],
  ["convnext_pico", () => convnext("pico"), 9.05, 2.27, 288],
  ["convnext_nano", () => convnext("nano"), 15.59, 4.06, 288],
  ["convnext_tiny", () => convnext("tiny", { names: "timm" }), 28.59, 7.39, 288],
  ["resnetv2_50", () => resnetv2_50(), 25.55, 4.11, 224],
  ["resnetv2_101", () => resnetv2_101(), 44.54, 7.83, 224],
  ["resnetv2_50x1_bit", () => resnetv2_50x1_bit(), 25.55, 4.11, 224],
  ["resnetv2_101x1_bit", () => resnetv2_101x1_bit(), 44.54, 7.83, 224],
];

describe("as timm's", () => {
  it.each(TIMM)("%s", (_, make, millions, gmacs, size) => {
    const found = count(make(), [size, size, 3]);
    expect(Math.abs(found.parameters / 1e6 - millions)).toBeLessThan(0.0051);
    expect(Math.abs(found.macs / 1e9 - gmacs)).toBeLessThan(0.005 + 0.035 * gmacs);
  });

  it.each([
    ["mobilenetV2", () => mobilenetV2(), () => mobilenetV2({ names: "timm" })],
    ["mobilenetV3", () => mobilenetV3("large"), () => mobilenetV3("large", { names: "timm" })],
    ["efficientnet", () => efficientnet("b0"), () => efficientnet("b0", { names: "timm" })],
    ["convnext", () => convnext("tiny"), () => convnext("tiny", { names: "timm" })],
  ] as [string, () => Layer, () => Layer][])("%s: another name for each tensor", (_, ours, theirs) => {
    const [a, b] = [ours, theirs].map((make) => count(make(), [64, 64, 3]));
    expect(b.parameters).toBe(a.parameters);
    expect(b.macs).toBe(a.macs);
    const names = new Set(a.state.map(({ name }) => name));
    // Only the classifier's name may be the same.
    expect(b.state.filter(({ name }) => names.has(name)).map(({ name }) => name.split(".")[0])).toEqual([]);
  });
});

describe("widths, classes and channels", () => {
  // torchvision: mobilenet_v2(width_mult=…), mobilenet_v3_small(width_mult=…), num_classes=10.
  it.each([
    ["mobilenet_v2, 0.5", mobilenetV2({ width: 0.5, classes: 10 }), 700_490],
    ["mobilenet_v2, 1.4", mobilenetV2({ width: 1.4, classes: 10 }), 4_333_706],
    ["mobilenet_v3_small, 0.5", mobilenetV3("small", { width: 0.5, classes: 10 }), 409_394],
    ["mobilenet_v3_large, 0.75", mobilenetV3("large", { width: 0.75, classes: 10 }), 2_426_186],
    ["efficientnet_b0", efficientnet("b0", { classes: 10 }), 5_288_548 - 990 * 1281],
  ] as [string, Layer, number][])("%s", (_, network, parameters) => {
    expect(count(network, [64, 64, 3]).parameters).toBe(parameters);
  });

  // Wang et al. 2016, figure 1c: with one channel, as their data have, and 10 classes.
  it("resnet1d", () => {
    const weights = [8 * 64, 5 * 64 ** 2, 3 * 64 ** 2, 64, 8 * 64 * 128, 128 ** 2 * (5 + 3 + 8 + 5 + 3), 64 * 128];
    const norms = 2 * (4 * 64 + 8 * 128);
    const found = count(resnet1d({ in: 1, classes: 10 }), [96, 1]);
    expect(found.parameters).toBe(weights.reduce((a, b) => a + b) + norms + 128 * 10 + 10);
    expect(found.state.map(({ name }) => name)).toContain("layer2.downsample.0.weight");
  });

  it("grey images", () => {
    const grey = count(mobilenetV2({ inChannels: 1 }), [64, 64, 1]);
    expect(grey.parameters).toBe(3_504_872 - 2 * 9 * 32);
  });
});

describe("what weights start from", () => {
  const starts = (network: Layer) =>
    new Map(describeNetwork(network, [64, 64, 3]).parameters.map(({ name, init }) => [name, init]));
  const normal = (std: number) => ({ kind: "normal", std });
  const zero = { kind: "constant", value: 0 };

  // kaiming_normal_(mode="fan_out"): sqrt(2 / (out k k)), whatever the groups; classifiers as each of torchvision's files says.
  it.each([
    ["mobilenetV2", mobilenetV2(), "features.1.conv.0.0.weight", normal(Math.sqrt(2 / (32 * 9)))],
    ["mobilenetV2", mobilenetV2(), "classifier.1.weight", normal(0.01)],
    ["mobilenetV2", mobilenetV2(), "classifier.1.bias", zero],
    ["mobilenetV3", mobilenetV3("small"), "classifier.0.weight", normal(0.01)],
    ["mobilenetV3", mobilenetV3("small"), "features.1.block.1.fc1.weight", normal(Math.sqrt(2 / 8))],
    ["efficientnet", efficientnet("b0"), "classifier.1.weight", { kind: "uniform", bound: 1 / Math.sqrt(1000) }],
    ["convnext", convnext("tiny"), "features.0.0.weight", normal(0.02)],
    ["convnext", convnext("tiny"), "features.1.0.layer_scale", { kind: "constant", value: 1e-6 }],
    ["regnet", regnet("y_400mf"), "trunk_output.block1.block1-0.f.b.0.weight", normal(Math.sqrt(2 / (48 * 9)))],
    ["regnet", regnet("y_400mf"), "fc.weight", normal(0.01)],
    ["densenet", densenet(121), "features.conv0.weight", normal(Math.sqrt(2 / (3 * 49)))],
    ["densenet", densenet(121), "classifier.weight", { kind: "uniform", bound: 1 / 32 }],
    ["densenet", densenet(121), "classifier.bias", zero],
    ["shufflenetV2", shufflenetV2("x1_0"), "conv1.0.weight", { kind: "uniform", bound: 1 / Math.sqrt(27) }],
    ["resnetv2_50", resnetv2_50(), "head.fc.weight", normal(0.01)],
  ] as [string, Layer, string, object][])("%s: as in PyTorch (%#)", (_, network, name, init) => {
    expect(starts(network).get(name)).toEqual(init);
  });
});

describe("what is random in training", () => {
  const found = (network: Layer, type: string) => {
    const json = JSON.stringify(network);
    return [...json.matchAll(new RegExp(`"type":"${type}","args":\\[([\\d.]+)`, "g"))].map(([, p]) => Number(p));
  };

  // torchvision: sd_prob = 0.2 * i / blocks for EfficientNet, 0.1 * i / (blocks - 1) for ConvNeXt-tiny.
  it("stochastic depth grows from block to block", () => {
    const drops = found(efficientnet("b0"), "StochasticDepth");
    expect(drops.length).toBe(9); // of 16 blocks those that keep their shape
    expect(drops[0]).toBeCloseTo((0.2 * 2) / 16, 12);
    expect(drops.at(-1)).toBeCloseTo((0.2 * 14) / 16, 12);
    const tiny = found(convnext("tiny"), "StochasticDepth");
    expect(tiny.length).toBe(17);
    expect([tiny[0], tiny[16]]).toEqual([0.1 / 17, 0.1]);
    expect(found(efficientnet("b0", { stochasticDepth: 0 }), "StochasticDepth")).toEqual([]);
  });

  it.each([
    [mobilenetV2(), [0.2]],
    [mobilenetV3("large", { dropout: 0.3 }), [0.3]],
    [efficientnet("b2"), [0.3]],
    [efficientnet("b4"), [0.4]],
  ] as [Layer, number[]][])("dropout before the classifier (%#)", (network, expected) => {
    expect(found(network, "Dropout")).toEqual(expected);
  });
});

describe("what is not meant", () => {
  it.each([
    ["mobilenetV2: width expected", () => mobilenetV2({ width: 0 })],
    [
      "mobilenetV2: stages[0] expected [expansion, channels, blocks, stride]",
      () => mobilenetV2({ stages: [[1] as never] }),
    ],
    [
      'mobilenetV3: variant expected "small", "large" or { stem, stages, features }',
      () => mobilenetV3("tiny" as never),
    ],
    ["mobilenetV3: variant expected", () => mobilenetV3({ stem: 8, stages: [[[3, 8]]], features: 8 } as never)],
    ["efficientnet: variant expected b0, b1, b2, b3, b4, lite0, v2_s or", () => efficientnet("toString" as never)],
    [
      'efficientnet: names expected "torchvision" or "timm", got "keras"',
      () => efficientnet("b0", { names: "keras" as never }),
    ],
    ["convnext: variant expected atto", () => convnext({ depths: [1, 2], dims: [8] })],
    ["regnet: variant expected x_400mf, ", () => regnet("y_128gf" as never)],
    ["regnet: variant expected", () => regnet({ depths: [1], widths: [8, 8], groupWidths: [8] })],
    ["densenet: depth expected 121, 161, 169, 201 or { growth, blocks, stem }", () => densenet(122 as never)],
    ["shufflenetV2: variant expected x0_5", () => shufflenetV2({ stem: 8, stages: [[15, 1]], head: 8 })],
    ["resnetv2_50: blocks expected 4 numbers, as many as channels", () => resnetv2_50({ blocks: [1, 2] })],
    ["resnet1d: classes expected an integer", () => resnet1d({ in: 1 } as never)],
    ["efficientnet: option expected", () => efficientnet("b0", { width: 2 } as never)],
  ] as [string, () => Layer][])("%s", (message, make) => {
    expect(make).toThrow(message);
  });
});
