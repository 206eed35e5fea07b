// Parameters and multiply-adds of every ready-made network, from the papers and from torchvision's and timm's tables.
import { describe, expect, it } from "vitest";
import { count } from "../../support/nets.js";
import {
  cifarResNet,
  type Layer,
  plainTwin,
  resnet18,
  resnet18d,
  resnet34,
  resnet34d,
  resnet50,
  resnet50d,
  resnet101,
  resnet101d,
  resnet152,
  resnet152d,
  resnext50_32x4d,
  resnext101_32x8d,
  resnext101_64x4d,
  seresnet18,
  seresnet34,
  seresnet50,
  seresnet101,
  seresnet152,
  wide_resnet50_2,
  wide_resnet101_2,
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
    ["wide_resnet50_2", wide_resnet50_2(), 68_883_240, 11.398, 320],
    ["wide_resnet101_2", wide_resnet101_2(), 126_886_696, 22.753, 626],
    ["resnext50_32x4d", resnext50_32x4d(), 25_028_904, 4.23, 320],
    ["resnext101_32x8d", resnext101_32x8d(), 88_791_336, 16.414, 626],
    ["resnext101_64x4d", resnext101_64x4d(), 83_455_272, 15.46, 626],
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

  it("what a variant presets can be asked for otherwise", () => {
    expect(resnext50_32x4d({ classes: 7 }).toJSON()).toEqual(resnet50({ classes: 7, groups: 32, width: 4 }).toJSON());
    expect(seresnet18({ seRatio: 0, seDivisor: 1 }).toJSON()).toEqual(resnet18().toJSON());
    expect(() => wide_resnet50_2({ width: 0 })).toThrow("wide_resnet50_2: width expected");
    expect(() => resnet18d(null as never)).toThrow("resnet18d: options expected an object, got null");
  });

  it("dilation: the same weights on features of an eighth", () => {
    const found = count(resnet50({ replaceStrideWithDilation: [false, true, true] }), [224, 224, 3]);
    expect(found.state).toEqual(count(resnet50(), [224, 224, 3]).state);
    const without = (replaceStrideWithDilation: unknown) => () =>
      resnet50({ replaceStrideWithDilation: replaceStrideWithDilation as never });
    expect(without([true])).toThrow(
      "replaceStrideWithDilation expected true or false for each of layer2, layer3, layer4",
    );
    expect(without([1, 2, 3])).toThrow("replaceStrideWithDilation[0] expected true or false");
    expect(() => resnet18({ replaceStrideWithDilation: [false, false, true] })).toThrow("(others need a Bottleneck)");
    expect(() => resnet50d({ replaceStrideWithDilation: [false, false, true] })).toThrow("avgDown");
  });

  // timm's table (results/benchmark-infer-*.csv): millions of parameters, GMACs at 224 x 224, among which it counts norms and pools.
  it.each([
    ["resnet18d", resnet18d(), 11.71, 2.06],
    ["resnet34d", resnet34d(), 21.82, 3.91],
    ["resnet50d", resnet50d(), 25.58, 4.35],
    ["resnet101d", resnet101d(), 44.57, 8.08],
    ["resnet152d", resnet152d(), 60.21, 11.8],
    ["seresnet18", seresnet18(), 11.78, 1.82],
    ["seresnet34", seresnet34(), 21.96, 3.67],
    ["seresnet50", seresnet50(), 28.09, 4.11],
    ["seresnet101", seresnet101(), 49.33, 7.84],
    ["seresnet152", seresnet152(), 66.82, 11.57],
  ] as [string, Layer, number, number][])(
    "%s: parameters and multiply-adds as timm's",
    (_, network, millions, gmacs) => {
      const { parameters, macs } = count(network, [224, 224, 3]);
      expect(Math.abs(parameters / 1e6 - millions)).toBeLessThan(0.0051);
      expect(Math.abs(macs / 1e9 / gmacs - 1)).toBeLessThan(0.008);
    },
  );

  it("ResNet-50-D: names as timm's", () => {
    const names = count(resnet50d(), [224, 224, 3]).state.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("conv1") && name.endsWith("weight"))).toEqual(
      [0, 1, 3, 4, 6].map((i) => `conv1.${i}.weight`),
    );
    const projections = names.filter((name) => /downsample.*weight$/.test(name));
    expect(projections).toEqual(
      [1, 2, 3, 4].flatMap((i) => [1, 2].map((part) => `layer${i}.0.downsample.${part}.weight`)),
    );
  });

  it("SE-ResNets: names as timm's, inside a sixteenth of the channels, at least 8", () => {
    const inside = count(seresnet18(), [224, 224, 3]).state.filter(({ name }) => /0\.se\./.test(name));
    expect(inside.slice(0, 4).map(({ name }) => name)).toEqual(
      ["se.fc1.weight", "se.fc1.bias", "se.fc2.weight", "se.fc2.bias"].map((n) => `layer1.0.${n}`),
    );
    const widths = inside.filter(({ name }) => name.endsWith("fc1.bias")).map(({ shape }) => shape[0]);
    expect(widths).toEqual([8, 8, 16, 32]);
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
