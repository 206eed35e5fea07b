// Parameters and multiply-adds of every ready-made network, from the papers and from torchvision's and timm's tables.
import { describe, expect, it } from "vitest";
import { count } from "../../support/nets.js";
import {
  cifarResNet,
  type Layer,
  plainTwin,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
} from "../../support/stubbed.js";

describe("CIFAR ResNets", () => {
  // Depth, parameters with shortcuts A and B, millions of multiply-adds (He et al. 2015, tables 1 and 6).
  it.each([
    [20, 269_722, 272_474, 40.55],
    [32, 464_154, 466_906, 68.86],
    [44, 658_586, 661_338, 97.17],
    [56, 853_018, 855_770, 125.49],
    [110, 1_727_962, 1_730_714, 252.89],
    [1202, 19_421_274, 19_424_026, 2829],
  ])("ResNet-%d: %d parameters (A), %d (B), %f MMACs", (depth, a, b, macs) => {
    const pad = count(cifarResNet(depth), [32, 32, 3]);
    expect(pad.parameters).toBe(a);
    expect(Math.abs(pad.macs / 1e6 - macs)).toBeLessThan(depth === 1202 ? 0.5 : 0.005);
    expect(count(cifarResNet(depth, { shortcut: "projection" }), [32, 32, 3]).parameters).toBe(b);
    expect(count(cifarResNet(depth, { padSide: "append" }), [32, 32, 3]).parameters).toBe(a);
    const plain = count(plainTwin(cifarResNet(depth)), [32, 32, 3]);
    expect(plain.parameters).toBe(a);
    expect(plain.macs).toBe(pad.macs);
  });

  // The norms move, their sizes stay: 688 channels in both. B has projections without norms (2 x 96 parameters fewer).
  it("pre-activation: the same parameters, but for the projections' norms", () => {
    expect(count(cifarResNet(20, { preActivation: true }), [32, 32, 3]).parameters).toBe(269_722);
    const projected = cifarResNet(20, { preActivation: true, shortcut: "projection" });
    expect(count(projected, [32, 32, 3]).parameters).toBe(272_474 - 192);
    expect(count(plainTwin(projected), [32, 32, 3]).parameters).toBe(269_722);
  });

  it("other classes and inputs", () => {
    const grey = count(cifarResNet(20, { classes: 100, inChannels: 1 }), [28, 28, 1]);
    expect(grey.parameters).toBe(269_722 + 90 * 65 - 2 * 144);
  });
});

describe("ImageNet ResNets", () => {
  // Parameters, 10^9 multiply-adds at 224 x 224, tensors in the state dict (torchvision's model table).
  it.each([
    ["resnet18", resnet18(), 11_689_512, 1.814, 122],
    ["resnet34", resnet34(), 21_797_672, 3.664, 218],
    ["resnet50", resnet50(), 25_557_032, 4.089, 320],
    ["resnet101", resnet101(), 44_549_160, 7.801, 626],
    ["resnet152", resnet152(), 60_192_808, 11.514, 932],
    ["wide_resnet50_2", resnet50({ width: 128 }), 68_883_240, 11.398, 320],
    ["wide_resnet101_2", resnet101({ width: 128 }), 126_886_696, 22.753, 626],
    ["resnext50_32x4d", resnet50({ groups: 32, width: 4 }), 25_028_904, 4.23, 320],
    ["resnext101_32x8d", resnet101({ groups: 32, width: 8 }), 88_791_336, 16.414, 626],
    ["resnext101_64x4d", resnet101({ groups: 64, width: 4 }), 83_455_272, 15.46, 626],
  ] as [string, Layer, number, number, number][])("%s", (_, network, parameters, gmacs, tensors) => {
    const found = count(network, [224, 224, 3]);
    expect(found.parameters).toBe(parameters);
    expect(Math.abs(found.macs / 1e9 - gmacs)).toBeLessThan(0.0055);
    expect(found.state.length).toBe(tensors);
    const names = tensors === 320 ? count(resnet50(), [224, 224, 3]).state : found.state;
    expect(found.state.map(({ name }) => name)).toEqual(names.map(({ name }) => name));
  });

  it("stride on the first 1x1, as the paper: the same weights, 3.8 GMACs", () => {
    const { parameters, macs } = count(resnet50({ strideOn: "1x1" }), [224, 224, 3]);
    expect(parameters).toBe(25_557_032);
    expect((macs / 1e9).toFixed(2)).toBe("3.86");
  });

  it("other class counts", () => {
    expect(count(resnet18({ classes: 10 }), [224, 224, 3]).parameters).toBe(11_689_512 - 990 * 513);
  });

  // timm: resnet50d has 25.58 M parameters. Its stem of three convolutions takes the place of one 7x7 with stride 2;
  // averages and 1x1 projections at the smaller size cost what strided projections do.
  it("ResNet-50-D: parameters, multiply-adds and names as timm's", () => {
    const { state, parameters, macs } = count(resnet50({ stem: "deep", avgDown: true }), [224, 224, 3]);
    expect(parameters).toBe(25_576_264);
    const stem = 112 ** 2 * (9 * (3 * 32 + 32 * 32 + 32 * 64) - 49 * 3 * 64);
    expect(macs).toBe(count(resnet50(), [224, 224, 3]).macs + stem);
    const names = state.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("conv1") && name.endsWith("weight"))).toEqual(
      [0, 1, 3, 4, 6].map((i) => `conv1.${i}.weight`),
    );
    const projections = names.filter((name) => /downsample.*weight$/.test(name));
    expect(projections).toEqual(
      [1, 2, 3, 4].flatMap((i) => [1, 2].map((part) => `layer${i}.0.downsample.${part}.weight`)),
    );
  });

  // Each block has two more matrices [c, c / 16] and their biases (Hu et al. 2018): 2 c^2 / 16 + c / 16 + c.
  it.each([
    ["seresnet18", resnet18({ seRatio: 1 / 16 }), 11_778_592],
    ["seresnet50", resnet50({ seRatio: 1 / 16 }), 28_088_024],
  ] as [string, Layer, number][])("%s: as timm's", (_, network, parameters) => {
    const { state, parameters: found } = count(network, [224, 224, 3]);
    expect(found).toBe(parameters);
    const names = state.map(({ name }) => name).filter((name) => name.startsWith("layer1.0.se."));
    expect(names).toEqual(["se.fc1.weight", "se.fc1.bias", "se.fc2.weight", "se.fc2.bias"].map((n) => `layer1.0.${n}`));
  });

  it.each([
    ["resnet18", resnet18(), 11_689_512 - 172_032 - 1_792],
    ["resnet50", resnet50(), 25_557_032 - 2_768_896 - 7_680],
  ] as [string, Layer, number][])("plain %s: all but the projections", (_, network, parameters) => {
    const plain = count(plainTwin(network), [224, 224, 3]);
    expect(plain.parameters).toBe(parameters);
    const without = count(network, [224, 224, 3]).state.filter(({ name }) => !name.includes("downsample"));
    expect(plain.state).toEqual(without);
  });
});
