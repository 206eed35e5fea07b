// State dicts: names, prefixes, renaming, what a mismatch says; files of models; layers as JSON.
import { describe, expect, it } from "vitest";
import { uniform } from "../../golden/generator.js";
import * as library from "../../support/stubbed.js";
import {
  ArgumentError,
  build,
  createModel,
  FormatError,
  type Layer,
  Linear,
  layerFromJSON,
  loadModel,
  type Model,
  residualMLP,
  Sequential,
  StateDictError,
  tabularResNet,
  writeSafetensors,
} from "../../support/stubbed.js";
import { weightBits } from "../../support/weights.js";

const net = () => tabularResNet({ in: 5, out: 3, d: 8, blocks: 2 });

/** A model whose weights and statistics are not those that it began with. */
async function trained(seed = 1): Promise<Model> {
  const model = await build(net(), [5], undefined, seed);
  const moved = ([name, { data, shape }]: [string, { data: Float32Array; shape: readonly number[] }]) => {
    const noise = uniform(`state/${name}`, data.length);
    return [name, { data: data.map((value, i) => value + (shape.length === 0 ? 3 : noise[i])), shape }] as const;
  };
  model.loadStateDict(new Map([...model.stateDict()].map(moved)));
  return model;
}

const map = (state: Iterable<readonly [string, { data: ArrayLike<number>; shape: readonly number[] }]>) =>
  new Map(state);

/** What a call throws. */
function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("stateDict", () => {
  it("strips the prefixes that wrappers add, but not our own names", async () => {
    const model = await trained();
    for (const prefix of ["module.", "model.", "_orig_mod.", "_orig_mod.module.", "module.model."]) {
      const other = await build(net(), [5]);
      other.loadStateDict(map([...model.stateDict()].map(([name, tensor]) => [prefix + name, tensor])));
      expect(weightBits(other)).toBe(weightBits(model));
    }
    const own = await build(new Sequential({ model: new Linear(2, 2) }), [2]);
    own.loadStateDict(own.stateDict());
    expect([...own.stateDict().keys()]).toEqual(["model.weight", "model.bias"]);
    const error = errorOf(() =>
      model.loadStateDict(
        map([["module.output.linear.bias", model.stateDict().get("output.linear.bias")!], ...model.stateDict()]),
      ),
    );
    expect(error.message).toMatch(/output\.linear\.bias expected once, got twice/);
  });

  it("renames", async () => {
    const model = await trained();
    const other = await build(net(), [5]);
    const foreign = map([...model.stateDict()].map(([name, tensor]) => [name.replace("blocks", "layers"), tensor]));
    other.loadStateDict(foreign, { rename: (name) => name.replace("layers", "blocks") });
    expect(weightBits(other)).toBe(weightBits(model));
  });

  it("lists everything that does not fit, with the nearest name, and writes nothing", async () => {
    const model = await trained();
    const other = await build(net(), [5]);
    const bits = weightBits(other);
    const state = map(model.stateDict());
    state.set("input_projektion.weight", state.get("input_projection.weight")!);
    state.delete("input_projection.weight");
    state.set("output.linear.bias", { data: [1, 2, 3, 4], shape: [4] });
    state.set("blocks.0.linear1.weight", { data: new Float32Array(5), shape: [16, 8] });
    state.set("extra", { data: [1], shape: [] });
    const error = errorOf(() => other.loadStateDict(state));
    expect(error).toBeInstanceOf(StateDictError);
    expect(error.message.split("\n")).toEqual([
      "loadStateDict: state expected the 27 tensors of this network, got 1 missing, 2 unexpected, 2 of the wrong shape",
      "missing (1):",
      "  input_projection.weight (nearest: input_projektion.weight)",
      "unexpected (2):",
      "  input_projektion.weight (nearest: input_projection.weight)",
      "  extra",
      "wrong shape (2):",
      "  blocks.0.linear1.weight expected [16, 8], got [16, 8] with 5 numbers",
      "  output.linear.bias expected [3], got [4] with 4 numbers",
    ]);
    expect(weightBits(other)).toBe(bits);
  });

  it("takes a part with strict: false and says what it left alone", async () => {
    const model = await trained();
    const other = await build(net(), [5]);
    const bits = weightBits(other);
    const head = map([
      ["output.linear.bias", model.stateDict().get("output.linear.bias")!],
      ["extra", { data: [1], shape: [1] }],
    ]);
    const { missing, unexpected } = other.loadStateDict(head, { strict: false });
    expect(unexpected).toEqual(["extra"]);
    expect(missing).toContain("input_projection.weight");
    expect(missing.some((name) => name.endsWith("num_batches_tracked"))).toBe(false);
    expect(weightBits(other)).not.toBe(bits);
    expect(other.stateDict().get("output.linear.bias")).toEqual(model.stateDict().get("output.linear.bias"));
  });

  it.each(["output", /^output\./, (name: string) => name.startsWith("output.")])(
    "skips a head of another size (%s) and is strict about all others",
    async (skip) => {
      const model = await trained();
      const other = await build(net(), [5]);
      const before = other.stateDict();
      const state = map(model.stateDict());
      state.set("output.linear.weight", { data: new Float32Array(9 * 8), shape: [9, 8] });
      state.set("output.linear.old", { data: [1], shape: [1] });
      state.delete("output.linear.bias");
      expect(other.loadStateDict(state, { skip })).toEqual({ missing: [], unexpected: [] });
      for (const [name, tensor] of other.stateDict())
        expect(tensor, name).toEqual((name.startsWith("output.") ? before : model.stateDict()).get(name));
      state.delete("input_projection.weight");
      expect(() => other.loadStateDict(state, { skip })).toThrow(/1 missing, 0 unexpected, 0 of the wrong shape/);
      expect(() => other.loadStateDict(state, { skip: 3 as never })).toThrow(
        /skip expected a path, .* or a function, got 3/,
      );
    },
  );

  it("does without num_batches_tracked, as files of PyTorch 0.4 do", async () => {
    const model = await trained();
    const old = map([...model.stateDict()].filter(([name]) => !name.endsWith("num_batches_tracked")));
    expect(() => model.loadStateDict(old)).not.toThrow();
  });

  it("shortens long lists", async () => {
    const model = await build(residualMLP({ in: 2, width: 2, blocks: 20, out: 2 }), [2]);
    expect(errorOf(() => model.loadStateDict({})).message).toMatch(/missing \(84\):\n(?: {2}\S+\n){20} {2}… 64 more$/);
  });
});

describe("files", () => {
  it("keep the input shape although the caller's array changes", async () => {
    const inputShape = [5];
    const model = await createModel(net(), { inputShape });
    inputShape[0] = 6;
    expect((await loadModel(await model.save())).inputShape).toEqual([5]);
  });

  it("are refused when they are something else", async () => {
    const model = await trained();
    const bytes = await model.save();
    const weights = writeSafetensors(model.stateDict());
    const withNetwork = (network: unknown, inputShape: unknown = [5]) =>
      writeSafetensors(model.stateDict(), {
        metadata: { "resnet-wasm": JSON.stringify({ format: 1, inputShape, network }) },
      });
    const cases: [Uint8Array | null, new (message?: string) => Error, RegExp][] = [
      [null, ArgumentError, /bytes expected a Uint8Array or ArrayBuffer, got null/],
      [new Uint8Array(0), FormatError, /at least 8 bytes, got 0/],
      [bytes.slice(0, 60), FormatError, /got 60 bytes/],
      [bytes.slice(0, -1), FormatError, /expected \d+ bytes, got \d+/],
      [new Uint8Array([...bytes, 0]), FormatError, /expected \d+ bytes, got \d+/],
      [weights, FormatError, /key "resnet-wasm", got none.*loadStateDict/],
      [withNetwork({ type: "Nonsense", args: [] }), FormatError, /layer type expected .*"Nonsense"/],
      [
        withNetwork({ type: "Linear", args: [-1, 2] }),
        FormatError,
        /inFeatures expected an integer of at least 1, got -1/,
      ],
      [withNetwork({ type: "Sequential", args: [{ a: 5 }] }), FormatError, /network expected layers that can be made/],
      [withNetwork(null), FormatError, /layer expected/],
      [withNetwork(net().toJSON(), [0]), FormatError, /inputShape expected sizes above 0, got \[0\]/],
      [withNetwork(net().toJSON(), [6]), library.ShapeError, /input_projection: input expected .*5\], got \[1, 6\]/],
      [withNetwork({ type: "Linear", args: [5, 2 ** 29] }), StateDictError, /weight expected|missing/],
      [withNetwork("x".repeat(2 ** 21)), FormatError, /at most 1048576 characters/],
    ];
    for (const [file, kind, message] of cases) {
      const error = await loadModel(file as Uint8Array).catch((thrown: unknown) => thrown as Error);
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toMatch(message);
    }
  });

  it("are refused in bounded time when the network in them is nested or long beyond reason", async () => {
    const model = await build(new Linear(1, 1), [1]);
    let deep: unknown = new Linear(1, 1).toJSON();
    for (let i = 0; i < 1000; i++) deep = { type: "Sequential", args: [deep] };
    const long = { type: "Sequential", args: Array.from({ length: 10_000 }, () => new Linear(1, 1).toJSON()) };
    for (const network of [deep, long]) {
      const file = writeSafetensors(model.stateDict(), {
        metadata: { "resnet-wasm": JSON.stringify({ format: 1, inputShape: [1], network }) },
      });
      const started = performance.now();
      await expect(loadModel(file)).rejects.toThrow(library.ResnetWasmError);
      // Against hanging, not for speed: it takes a second or two, more on a busy machine.
      expect(performance.now() - started).toBeLessThan(30_000);
    }
  });
});

describe("layers as JSON", () => {
  const layers: Layer[] = [
    new Linear(3, 4),
    new Linear(3, 4, { bias: false, init: "he" }),
    new library.ReLU(),
    new library.LeakyReLU({ negativeSlope: 0.3 }),
    new library.GELU(),
    new library.GELU({ approximate: "tanh" }),
    new library.SiLU(),
    new library.Sigmoid(),
    new library.Tanh(),
    new library.ELU({ alpha: 2 }),
    new library.Hardswish(),
    new library.ReLU6(),
    new library.Hardsigmoid(),
    new library.Mish(),
    new library.Softplus({ beta: 2 }),
    new library.Softmax(),
    new library.LogSoftmax(),
    new library.BatchNorm1d(4, { eps: 1e-3, momentum: 0.2, affine: false, frozen: true }),
    new library.BatchNorm2d(4),
    new library.LayerNorm(4, { eps: 1e-6, affine: false }),
    new library.GroupNorm(2, 4, { eps: 1e-6, affine: false }),
    new library.InstanceNorm2d(4, { eps: 1e-6, affine: true }),
    new library.Dropout(0.25),
    new library.StochasticDepth(0.2, { mode: "batch" }),
    new library.Flatten(),
    new library.ChannelShuffle(2),
    new library.LayerScale(4, { initialValue: 0.1 }),
    new library.LayerScale(4, { names: "torchvision" }),
    new library.PReLU(),
    new library.InstanceNorm1d(4),
    new library.AdaptiveMaxPool2d([2, 3]),
    new library.ConvTranspose2d(4, 8, { kernelSize: [3, 2], stride: 2, outputPadding: 1, groups: 2 }),
    new library.ConvTranspose1d(4, 8, { kernelSize: 3, stride: 2, padding: 1, bias: false, init: "he" }),
    new library.Upsample({ scaleFactor: [2, 1.5], mode: "bilinear", alignCorners: true }),
    new library.ReflectionPad2d(1),
    new library.ReplicationPad2d([0, 1, 2, 3]),
    new library.PReLU(4, { init: 0 }),
    new library.ZeroPad2d([0, 1, 0, 1]),
    new library.ConstantPad2d(2, -1),
    new library.Identity(),
    new Sequential(),
    new Sequential({}),
    new Sequential(new Linear(1, 2), new library.ReLU()),
    new Sequential({ type: new library.ReLU(), args: new library.ReLU() }),
    new library.Residual(new Linear(2, 2)),
    new library.Residual(new Linear(2, 3), { shortcut: "projection", activation: new library.ELU({ alpha: 3 }) }),
    new library.Residual(new Linear(2, 3), { shortcut: new Sequential({ a: new Linear(2, 3) }) }),
    residualMLP({ in: 2, out: 2, norm: "batch", dropout: 0.1 }),
    net(),
    new library.Conv2d(4, 8, { kernelSize: [3, 5], stride: 2, padding: [1, 2], dilation: 1, groups: 2, bias: false }),
    new library.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1, dilation: 1, ceilMode: true }),
    new library.AvgPool2d({ kernelSize: [2, 3], countIncludePad: false }),
    new library.AdaptiveAvgPool2d([1, 2]),
    new library.Conv1d(4, 8, { kernelSize: 3, stride: 2, padding: 1, dilation: 2, groups: 2, bias: false, init: "he" }),
    new library.MaxPool1d({ kernelSize: 3, stride: 2, padding: 1, dilation: 2, ceilMode: true }),
    new library.AvgPool1d({ kernelSize: 2, countIncludePad: false }),
    new library.AdaptiveAvgPool1d(4),
    new library.PadShortcut(4, 8, { stride: 2, side: "append" }),
    new library.SqueezeExcitation(8, 2),
    new library.Concat([new library.Identity(), new library.ReLU()], { axis: 1 }),
    new library.Concat({ a: new library.Identity(), b: new library.ReLU() }, { names: { a: "" } }),
    new library.Slice({ start: 1, end: 3 }),
    new library.StdConv2d(4, 8, { kernelSize: 3, groups: 2, eps: 1e-8 }),
    new library.Gate(new library.AdaptiveAvgPool2d(1)),
    new library.BasicBlock(4, 8, { stride: 2, shortcut: "pad", zeroInitResidual: true }),
    new library.Bottleneck(8, 4, { dilation: 2, seRatio: 0.1, seDivisor: 8 }),
    new Linear(3, 4, { init: { kind: "normal", std: 0.01 } }),
    new library.Bottleneck(8, 4, { groups: 2, width: 32, stochasticDepth: 0.1 }),
    new library.PreActBlock(4, 4),
    library.resnet18({ classes: 10 }),
    library.cifarResNet(20, {}),
  ];

  it.each(layers.map((layer) => [JSON.stringify(layer).slice(0, 60), layer] as const))("%s", (_, layer) => {
    const json = JSON.stringify(layer);
    const again = layerFromJSON(JSON.parse(json));
    expect(again).toBeInstanceOf(layer.constructor);
    expect(JSON.stringify(again)).toBe(json);
  });

  it("covers every layer of the main entry", () => {
    const made = new Set(layers.map(({ type }) => type));
    const classes = Object.entries(library).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof library.Layer,
    );
    const names = classes.map(([name]) => name).filter((name) => name !== "ActivationLayer"); // abstract
    expect(names.filter((name) => !made.has(name))).toEqual([]);
  });
});
