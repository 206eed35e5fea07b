// Blocks as compositions: what children are called in parameter names, and what a layer made of others stands for.
import { describe, expect, it } from "vitest";
import { describeNetwork } from "../../../src/model/engine.js";
import { summarize } from "../../../src/model/summary.js";
import { count } from "../../support/nets.js";
import {
  ArgumentError,
  BasicBlock,
  BatchNorm2d,
  Bottleneck,
  type Builder,
  Conv2d,
  Dropout,
  GELU,
  Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  layerFromJSON,
  MaxPool2d,
  PreActBlock,
  plainTwin,
  ReLU,
  Residual,
  residualMLP,
  residualTwin,
  resnet18,
  Sequential,
  ShapeError,
  tabularResNet,
  type ValueId,
} from "../../support/stubbed.js";

const names = (network: Layer, inputShape: number[]) => count(network, inputShape).state.map(({ name }) => name);
const weights = (network: Layer, inputShape: number[]) =>
  names(network, inputShape).filter((name) => name.endsWith("weight"));
const summary = (network: Layer, inputShape: number[]) => {
  const description = describeNetwork(network, inputShape);
  return summarize(description, description.plan).split("\n").slice(3, -2);
};

const conv = (from: number, to: number, kernelSize = 1, groups = 1) =>
  new Conv2d(from, to, { kernelSize, groups, padding: (kernelSize - 1) / 2, bias: false });
const unit = (from: number, to: number, kernelSize = 1, groups = 1) =>
  new Sequential(conv(from, to, kernelSize, groups), new BatchNorm2d(to), new ReLU());

describe("names of children", () => {
  it("leave a level out, or call it something else: torchvision's inverted residual", () => {
    const main = new Sequential(unit(4, 24), unit(24, 24, 3, 24), conv(24, 4), new BatchNorm2d(4));
    const features = new Sequential(unit(3, 4, 3), new Residual(main, { names: { main: "conv" } }));
    const net = new Sequential({ features });
    expect(weights(net, [8, 8, 3])).toEqual([
      "features.0.0.weight",
      "features.0.1.weight",
      "features.1.conv.0.0.weight",
      "features.1.conv.0.1.weight",
      "features.1.conv.1.0.weight",
      "features.1.conv.1.1.weight",
      "features.1.conv.2.weight",
      "features.1.conv.3.weight",
    ]);
    const again = layerFromJSON(JSON.parse(JSON.stringify(net)));
    expect(again.toJSON()).toEqual(net.toJSON());
    expect(names(again, [8, 8, 3])).toEqual(names(net, [8, 8, 3]));
  });

  it("in a Sequential: some of the record's keys", () => {
    const block = new Sequential({ dwconv: conv(4, 4, 3, 4), norm: new LayerNorm(4) });
    const net = new Sequential({ block, act: new ReLU(), head: new Linear(4, 2) }, { names: { block: "", act: "" } });
    expect(weights(net, [5, 5, 4])).toEqual(["dwconv.weight", "norm.weight", "head.weight"]);
    const again = layerFromJSON(JSON.parse(JSON.stringify(net))) as Sequential;
    expect(again.names).toEqual({ block: "", act: "" });
    expect(weights(again, [5, 5, 4])).toEqual(weights(net, [5, 5, 4]));
    expect(plainTwin(net).toJSON()).toEqual(net.toJSON());
    // A key that objects inherit is a name like any other.
    expect(weights(new Sequential({ constructor: new Linear(2, 2) }, { names: {} }), [2])).toEqual([
      "constructor.weight",
    ]);
  });

  it("that are not names, or those of no child, are refused", () => {
    const layers = { a: new ReLU() };
    const expected = "names without dots for some of a";
    for (const wrong of [{ b: "" }, { a: 1 }, { a: "x.y" }, "a", null])
      expect(() => new Sequential(layers, { names: wrong as never })).toThrow(`Sequential: names expected ${expected}`);
    expect(() => new Residual(new ReLU(), { names: { skip: "" } as never })).toThrow(/some of main, shortcut/);
    expect(() => new Sequential(layers, { name: {} } as never)).toThrow(/Did you mean "names"\?/);
    expect(() => new Sequential(...([layers, {}, {}] as never))).toThrow(ArgumentError);
  });

  it("may not give two parameters one name", () => {
    const twice = new Sequential({ a: new Linear(2, 2), b: new Linear(2, 2) }, { names: { a: "x", b: "x" } });
    expect(() => names(twice, [2])).toThrow(/x: parameter expected a name of its own, got "x.weight"/);
  });
});

describe("a block", () => {
  it.each([
    ["BasicBlock", new BasicBlock(4, 4, { seRatio: 0.5 }), "conv1 bn1 conv2 bn2 se se.fc1 se.fc2"],
    ["BasicBlock", new BasicBlock(4, 8), "conv1 bn1 conv2 bn2 downsample downsample.0 downsample.1"],
    ["Bottleneck", new Bottleneck(4, 1, { stochasticDepth: 0.1 }), "conv1 bn1 conv2 bn2 conv3 bn3 drop_path"],
    ["PreActBlock", new PreActBlock(4, 4), "bn1 conv1 bn2 conv2"],
    ["PreActBlock", new PreActBlock(4, 8, { stride: 2 }), "bn1 conv1 bn2 conv2 downsample downsample.0"],
  ] as [string, Layer, string][])("%s: one row for itself, one for each named part", (type, block, parts) => {
    const rows = summary(new Sequential({ block }), [6, 6, 4]).map((row) => row.trim().split(" ").slice(0, 2));
    expect(rows.slice(1, 2)).toEqual([["block", `(${type})`]]);
    const own = rows.slice(2).map(([name]) => name);
    expect(own).toEqual(parts.split(" ").map((part) => part.split(".").at(-1)));
  });

  it("is watched at its end, not at that of a part at the same path", () => {
    const { plan } = describeNetwork(new Sequential({ block: new BasicBlock(4, 4) }), [6, 6, 4]);
    const { layers } = plan.graph;
    expect(layers.filter(({ path }) => path === "block").map(({ type }) => type)).toEqual(["BasicBlock"]);
    expect(layers.find(({ path }) => path === "block")?.output).toBe(layers.find(({ path }) => path === "")?.output);
  });

  it("keeps its class and arguments in JSON", () => {
    const block = new BasicBlock(4, 8, { stride: 2, avgDown: true });
    const again = layerFromJSON(JSON.parse(JSON.stringify(block)));
    expect(again).toBeInstanceOf(BasicBlock);
    expect(again).toEqual(block);
  });
});

/** y = x W. */
class Bare extends Layer {
  readonly type = "Bare";
  protected args() {
    return [];
  }
  protected record(b: Builder, x: ValueId) {
    return b.add(x, b.linear(x, b.parameter("weight", [3, 2], { init: 0 })));
  }
}

it("what does not fit together says where", () => {
  const error = new ShapeError("network: a.0: sum expected [1, 2], got [1, 3]");
  expect(() => names(new Sequential({ a: new Sequential(new Bare()) }), [2])).toThrow(error);
});

describe("an option that is wrong", () => {
  it.each([
    ["BasicBlock: avgDown expected true or false", () => new BasicBlock(4, 4, { avgDown: "yes" as never })],
    [
      "Bottleneck: zeroInitResidual expected true or false",
      () => new Bottleneck(4, 4, { zeroInitResidual: 1 as never }),
    ],
    ["PreActBlock: stride expected an integer", () => new PreActBlock(4, 4, { stride: 0 })],
    [
      'BasicBlock: option expected stride, .* got "strides". Did you mean "stride"',
      () => new BasicBlock(4, 4, { strides: 1 } as never),
    ],
    ["BasicBlock: channels expected an integer of at least 1, got 0", () => new BasicBlock(4, 0)],
    ["BatchNorm2d: eps expected", () => new BatchNorm2d(4, { eps: -1 })],
    ["BatchNorm2d: channels expected", () => new BatchNorm2d(1.5)],
    ["LogSoftmax: dim expected -1, the last dimension, got 1", () => new LogSoftmax({ dim: 1 as never })],
    ["LeakyReLU: negativeSlope expected a number in \\(0", () => new LeakyReLU({ negativeSlope: 0 })],
    ["GELU: approximate expected", () => new GELU({ approximate: "erf" as never })],
    ["Dropout: p expected", () => new Dropout(2)],
    ["MaxPool2d: kernelSize\\[1\\] expected", () => new MaxPool2d({ kernelSize: [2, 0] })],
    ["MaxPool2d: kernelSize expected", () => new MaxPool2d({} as never)],
    ["Conv2d: init expected", () => new Conv2d(1, 1, { kernelSize: 1, init: "xavier" as never })],
    ["LayerNorm: affine expected", () => new LayerNorm(4, { affine: null as never })],
    ["Residual: zeroInit expected", () => new Residual(new ReLU(), { zeroInit: "no" as never })],
    ["residualTwin: every expected", () => residualTwin(new Sequential(), { every: 0 })],
    ["residualMLP: in expected an integer of at least 1, got undefined", () => residualMLP({ out: 2 } as never)],
    [
      "residualMLP: activation expected an activation layer",
      () => residualMLP({ in: 2, out: 2, activation: "relu" as never }),
    ],
    ["tabularResNet: hiddenMultiplier expected", () => tabularResNet({ in: 2, out: 2, hiddenMultiplier: 0 })],
    ["resnet18: avgDown expected true or false, got 0", () => resnet18({ avgDown: 0 as never })],
    ['resnet18: option expected .* got "stride"', () => resnet18({ stride: 2 } as never)],
  ])("%s", (message, make) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(new RegExp(`^${message}`));
  });
});
