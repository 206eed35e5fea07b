// Twins and ready-made networks: structure, names, and equal starts.
import { describe, expect, it } from "vitest";
import {
  BatchNorm1d,
  build,
  Dropout,
  type Layer,
  LayerNorm,
  Linear,
  layerFromJSON,
  plainTwin,
  ReLU,
  Residual,
  residualMLP,
  residualTwin,
  Sequential,
  Softmax,
  Tanh,
  tabularResNet,
} from "../../support/stubbed.js";

const linear = (from: number, to = from) => new Linear(from, to);
const mlp = (...widths: number[]) =>
  new Sequential(
    ...widths.slice(1).flatMap((to, i) => [linear(widths[i], to), ...(i < widths.length - 2 ? [new ReLU()] : [])]),
  );

/** A network in short: `L4-8 R[L8-8 r L8-8]r`. */
function short(layer: Layer): string {
  if (layer instanceof Linear) return `L${layer.inFeatures}-${layer.outFeatures}`;
  if (layer instanceof ReLU) return "r";
  if (layer instanceof Residual) {
    const skip = layer.shortcut === "identity" ? "" : `(${layer.shortcut})`;
    return `R${skip}[${short(layer.main)}]${layer.activation ? short(layer.activation) : ""}`;
  }
  if (layer instanceof Sequential)
    return layer.layers
      .map(([, child]) => (child instanceof Sequential ? `{${short(child)}}` : short(child)))
      .join(" ");
  return layer.type;
}

async function parameters(network: Layer, inputShape: number[], seed = 3): Promise<Float32Array[]> {
  const model = await build(network, inputShape, undefined, seed);
  return [...model.stateDict().values()].map(({ data }) => data);
}

describe("residualTwin", () => {
  const net = mlp(4, 8, 8, 8, 8, 8, 3);
  it.each([
    [1, "L4-8 r R[L8-8]r R[L8-8]r R[L8-8]r R[L8-8]r L8-3"],
    [2, "L4-8 r R[L8-8 r L8-8]r R[L8-8 r L8-8]r L8-3"],
    [3, "L4-8 r R[L8-8 r L8-8 r L8-8]r L8-8 r L8-3"],
    [5, "L4-8 r L8-8 r L8-8 r L8-8 r L8-8 r L8-3"],
  ])("every: %d", async (every, expected) => {
    const twin = residualTwin(net, { every });
    expect(short(twin)).toBe(expected);
    expect(short(plainTwin(twin))).toBe(short(net));
    expect(await parameters(twin, [4])).toEqual(await parameters(net, [4]));
    expect(short(layerFromJSON(JSON.parse(JSON.stringify(twin))))).toBe(expected);
  });

  it("starts groups where the width stays", () => {
    expect(short(residualTwin(mlp(4, 8, 8, 6, 6, 6, 3)))).toBe("L4-8 r L8-8 r L8-6 r R[L6-6 r L6-6]r L6-3");
  });

  it("projects where the width changes, if asked to", async () => {
    const twin = residualTwin(mlp(4, 8, 6, 6, 2, 2), { shortcut: "projection" });
    expect(short(twin)).toBe("R(projection)[L4-8 r L8-6]r R(projection)[L6-6 r L6-2]r L2-2");
    const model = await build(twin, [4]);
    expect(model.predict(new Float32Array(12)).shape).toEqual([3, 2]);
    expect([...model.stateDict().keys()].filter((name) => name.includes("shortcut"))).toEqual([
      "0.shortcut.weight",
      "1.shortcut.weight",
    ]);
  });

  it("keeps norms and dropout with their layers, and dropout after the sum", async () => {
    const stage = () => [linear(8), new BatchNorm1d(8), new ReLU(), new Dropout(0.1)];
    const plain = new Sequential(linear(4, 8), new ReLU(), ...stage(), ...stage(), linear(8, 3), new Softmax());
    const twin = residualTwin(plain);
    expect(short(twin)).toBe("L4-8 r R[L8-8 BatchNorm1d r Dropout L8-8 BatchNorm1d]r Dropout L8-3 Softmax");
    expect(short(plainTwin(twin))).toBe(short(plain));
    expect(await parameters(twin, [4])).toEqual(await parameters(plain, [4]));
  });

  it("treats nested Sequentials one by one, and leaves Residuals alone", () => {
    const nested = new Sequential(
      new Sequential(linear(4), new ReLU(), linear(4), new ReLU()),
      new Residual(linear(4)),
      linear(4),
      new ReLU(),
    );
    expect(short(residualTwin(nested))).toBe("{R[L4-4 r L4-4]r} R[L4-4] L4-4 r");
    expect(short(residualTwin(nested, { every: 1 }))).toBe("{R[L4-4]r R[L4-4]r} R[L4-4] R[L4-4]r");
  });
});

describe("plainTwin", () => {
  it("takes all skips away, whatever they are", async () => {
    const block = new Residual(new Sequential(linear(4, 6), new Residual(linear(6)), linear(6, 3)), {
      shortcut: linear(4, 3),
      activation: new ReLU(),
    });
    expect(short(plainTwin(block))).toBe("L4-6 L6-6 L6-3 r");
    expect(short(plainTwin(new Residual(linear(3))))).toBe("L3-3");
    expect(short(plainTwin(new Sequential()))).toBe("");
    expect(plainTwin(linear(2, 3))).toBeInstanceOf(Linear);
  });

  it("of residualMLP starts from the same weights", async () => {
    const net = residualMLP({ in: 5, width: 7, blocks: 3, out: 2, norm: "layer" });
    expect(await parameters(plainTwin(net), [5])).toEqual(await parameters(net, [5]));
    expect(await parameters(net, [5], 4)).not.toEqual(await parameters(net, [5], 3));
  });

  it("of tabularResNet keeps its norms", async () => {
    const net = tabularResNet({ in: 5, out: 2, d: 6, blocks: 2 });
    const model = await build(plainTwin(net), [5]);
    expect(model.predict(new Float32Array(10)).shape).toEqual([2, 2]);
    expect((await parameters(plainTwin(net), [5])).length).toBe((await parameters(net, [5])).length);
  });
});

describe("ready-made networks", () => {
  it("residualMLP: hidden layers, names and options", async () => {
    const model = await build(residualMLP({ in: 3, out: 2 }), [3]);
    const names = [...model.stateDict().keys()];
    expect(names.length).toBe(2 * (2 + 16));
    expect(names.slice(0, 6)).toEqual([
      "0.weight",
      "0.bias",
      "2.main.0.weight",
      "2.main.0.bias",
      "2.main.2.weight",
      "2.main.2.bias",
    ]);
    expect(model.stateDict().get("9.main.2.weight")!.shape).toEqual([128, 128]);
    const normed = residualMLP({
      in: 3,
      out: 2,
      width: 4,
      blocks: 1,
      norm: "layer",
      dropout: 0.2,
      activation: new Tanh(),
    });
    expect(short(normed)).toBe("L3-4 LayerNorm Tanh R[L4-4 LayerNorm Tanh Dropout L4-4 LayerNorm]Tanh L4-2");
    expect(short(residualMLP({ in: 3, out: 2, width: 4, blocks: 0, norm: "batch" }))).toBe("L3-4 BatchNorm1d r L4-2");
    expect(new LayerNorm(4).features).toBe(4);
  });

  it("tabularResNet: the names, sizes and defaults of rtdl", async () => {
    const model = await build(tabularResNet({ in: 11, out: 3 }), [11]);
    const norm = (path: string) =>
      ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map(
        (name) => `${path}.normalization.${name}`,
      );
    const block = (i: number) => [
      ...norm(`blocks.${i}`),
      ...["linear1", "linear2"].flatMap((name) => [`blocks.${i}.${name}.weight`, `blocks.${i}.${name}.bias`]),
    ];
    const state = model.stateDict();
    expect([...state.keys()]).toEqual([
      "input_projection.weight",
      "input_projection.bias",
      ...block(0),
      ...block(1),
      ...norm("output"),
      "output.linear.weight",
      "output.linear.bias",
    ]);
    expect(state.get("input_projection.weight")!.shape).toEqual([192, 11]);
    expect(state.get("blocks.1.linear1.weight")!.shape).toEqual([384, 192]);
    expect(state.get("blocks.1.linear2.weight")!.shape).toEqual([192, 384]);
    expect(JSON.stringify(tabularResNet({ in: 11, out: 3 }))).toContain('"args":[192,384,0.15,0]');
    const odd = await build(tabularResNet({ in: 2, out: 1, d: 5, hiddenMultiplier: 2.98, blocks: 1 }), [2]);
    expect(odd.stateDict().get("blocks.0.linear1.weight")!.shape).toEqual([14, 5]); // int(5 · 2.98)
  });

  it("draws PyTorch's and He's distributions", async () => {
    const state = (
      await build(new Sequential(new Linear(100, 400), new Linear(400, 300, { init: "he" })), [100], undefined, 5)
    ).stateDict();
    const bound = 1 / Math.sqrt(100);
    const { data } = state.get("0.weight")!;
    expect(data.reduce((most, v) => Math.max(most, Math.abs(v)), 0)).toBeLessThanOrEqual(Math.fround(bound));
    const variance = (values: Float32Array) => values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(variance(data) / (bound ** 2 / 3)).toBeCloseTo(1, 1.5);
    expect(variance(state.get("0.bias")!.data)).toBeGreaterThan(0);
    expect(variance(state.get("1.weight")!.data) / (2 / 400)).toBeCloseTo(1, 1.5);
    expect([...state.get("1.bias")!.data].every((v) => v === 0)).toBe(true);
  });
});
