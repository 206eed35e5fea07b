// What model.profile tells: every layer and op, costs that add up, and a model that is left as it was.
import { describe, expect, it } from "vitest";
import { KERNELS } from "../../../src/abi/records.js";
import {
  Adam,
  ArgumentError,
  BatchNorm1d,
  Conv2d,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  Dropout,
  freeze,
  Linear,
  type Model,
  mse,
  NumericError,
  type Profile,
  ReLU,
  ResnetWasmError,
  residualMLP,
  Sequential,
  SGD,
  ShapeError,
} from "../../../src/hosts/node/index.js";
import { build, setupName, setups, weightBits } from "../../support/setups.js";

const x = (...shape: number[]) => Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));

/** Names and types of the layers of `summary()`, in its order. */
const summaryLayers = (model: Model) =>
  [...model.summary().matchAll(/^ *(\S+) \((\w+)\)/gm)].map(([, name, type]) => `${name} ${type}`);
const profileLayers = ({ layers }: Profile) =>
  layers.map(({ path, type }) => `${path.split(".").pop() || "network"} ${type}`);
const sum = (values: readonly { ms: number }[]) => values.reduce((total, { ms }) => total + ms, 0);

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("profile, %s", (_, setup) => {
  it("of a prediction lists the layers of summary and ops that add up", async () => {
    const model = await build(cifarResNet(8, { classes: 10 }), [32, 32, 3], setup);
    const profile = await model.profile(x(4, 32, 32, 3), { repetitions: 5 });
    expect(profileLayers(profile)).toEqual(summaryLayers(model));
    expect(profile).toMatchObject({ batchSize: 4, training: false, threads: setup.threads, repetitions: 5 });

    const step = profile.ops.filter(({ stage }) => stage !== "prepare");
    expect(new Set(step.map(({ stage }) => stage))).toEqual(new Set(["forward"]));
    expect(profile.ops.some(({ stage }) => stage === "prepare")).toBe(true);
    expect(profile.opsMs).toBeCloseTo(sum(step), 9);
    expect(profile.layers[0].ms).toBeCloseTo(profile.opsMs, 9);
    // Each op stands in one layer.
    expect(profile.layers.flatMap(({ ops }) => ops).length).toBe(step.length);
    for (const { kernel, ms, bytes, gflops, macs, calls } of profile.ops) {
      expect(Object.keys(KERNELS)).toContain(kernel);
      expect(calls).toBeGreaterThan(0);
      expect(ms).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(0);
      expect(gflops).toBeCloseTo((2 * macs) / ms / 1e6, 6);
    }
    const total = Number(
      model
        .summary()
        .match(/total .* ([\d,]+)$/)![1]
        .replaceAll(",", ""),
    );
    expect(profile.layers[0].macs).toBe(4 * total);
    model.dispose();
  });

  it("of a training step takes the parts that a step has, and leaves the model as it was", async () => {
    const net = new Sequential(
      new Linear(20, 16),
      new BatchNorm1d(16),
      new ReLU(),
      new Dropout(0.5),
      new Linear(16, 3),
    );
    const [profiled, control] = [await build(net, [20], setup, 3), await build(net, [20], setup, 3)];
    const trainers = [profiled, control].map((model) =>
      createTrainer(model, { loss: crossEntropy(), optimizer: new Adam({ lr: 0.01 }) }),
    );
    const step = (i: number) => trainers.map((trainer) => trainer.step(x(8, 20), [0, 1, 2, i, 1, 2, 0, 1]).loss);
    step(0);
    const gradients = [...profiled.gradients()].map(([name, { data }]) => [name, ...data]);
    for (const optimizer of [new SGD({ lr: 1, weightDecay: 1 }), new Adam(), undefined]) {
      const profile = await profiled.profile(x(8, 20), {
        training: true,
        repetitions: 3,
        ...(optimizer ? { optimizer } : {}),
      });
      expect(profileLayers(profile)).toEqual([
        ...summaryLayers(profiled),
        "loss crossEntropy",
        `optimizer ${optimizer?.type ?? "SGD"}`,
      ]);
      const parts = profile.layers.slice(-2);
      expect(profile.layers[0].ms + sum(parts)).toBeCloseTo(profile.opsMs, 9);
      expect([...new Set(profile.ops.map(({ stage }) => stage))]).toEqual(["forward", "backward", "update"]);
      expect(profile.ops.map(({ op }) => op)).toEqual(
        expect.arrayContaining(["dropout", "batchNormUpdate", "linearDw", "gradNorm"]),
      );
      expect(profile.ops.at(-1)!.bytes + profile.ops.at(-2)!.bytes).toBeGreaterThan(0);
    }
    expect([...profiled.gradients()].map(([name, { data }]) => [name, ...data])).toEqual(gradients);
    expect(weightBits(profiled)).toBe(weightBits(control));
    // Optimiser state and random numbers too: training goes on alike.
    for (let i = 0; i < 3; i++) {
      const [a, b] = step(i);
      expect(a).toBe(b);
    }
    expect(weightBits(profiled)).toBe(weightBits(control));
    profiled.dispose();
    control.dispose();
  });
});

describe("profile", () => {
  it("takes about as long op by op as in one piece", async () => {
    const model = await build(residualMLP({ in: 256, width: 256, blocks: 4, out: 10 }), [256]);
    // A step far shorter than the time slices that other programs take; the best of a few comparisons counts.
    const ratios: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { ms, opsMs } = await model.profile(x(8, 256), { repetitions: 51 });
      ratios.push(opsMs / ms);
    }
    const nearest = ratios.reduce((best, ratio) => (Math.abs(ratio - 1) < Math.abs(best - 1) ? ratio : best));
    expect(nearest).toBeGreaterThan(0.9);
    expect(nearest).toBeLessThan(1.1);
  });

  it("prints layers and ops as tables and is plain data besides", async () => {
    const model = await build(new Sequential(new Conv2d(3, 8, { kernelSize: 3 }), new ReLU()), [6, 6, 3]);
    const profile = await model.profile(x(2, 6, 6, 3), { repetitions: 3 });
    const lines = String(profile).split("\n");
    expect(lines[0]).toMatch(/^layer +output +ms +share +GFLOPS +MB +kernels$/);
    expect(lines[2]).toMatch(/^network \(Sequential\) +\[n, 4, 4, 8\] +[\d.]+ +100\.0 % +[\d.]+ +[\d.]+$/);
    expect(lines[3]).toMatch(/^ {2}0 \(Conv2d\) .* f32_conv2d/);
    expect(lines).toContainEqual(expect.stringMatching(/^all ops .* 100\.0 %/));
    expect(lines).toContainEqual("prediction, batch 2, one thread, median of 3");
    expect(lines.at(-1)).toMatch(/^when weights have changed, prepare [\d.]+ ms more$/);
    expect(profile.opsTable()).toMatch(/\nconv2d +0 +forward +\[2, 4, 4, 8\] +[\d.]+ +100\.0 %/);

    const copy = structuredClone(profile);
    expect(copy).toEqual(JSON.parse(JSON.stringify(profile)));
    expect(copy.layers.length).toBe(3);
    // Input, weights and bias read, outputs written.
    expect(copy.ops.at(-1)).toMatchObject({ op: "conv2d", path: "0", macs: 2 * 4 * 4 * 8 * 27 });
  });

  it("leaves frozen parameters out of the update and takes the loss that it is given", async () => {
    const net = new Sequential({ body: new Linear(4, 6), head: new Linear(6, 2) });
    const model = await build(net, [4]);
    const update = async () => {
      const profile = await model.profile(x(8, 4), { training: true, loss: mse(), repetitions: 3 });
      expect(profile.layers.at(-2)).toMatchObject({ path: "loss", type: "mse" });
      return profile.ops.filter(({ op }) => op === "optimizerStep");
    };
    const [all] = await update();
    freeze(model, /^body/);
    const [rest] = await update();
    expect(rest.bytes).toBeLessThan(all.bytes);
    // w, g and v read, w and v written; each parameter fills whole lines of 16 floats.
    expect(rest.bytes).toBe(5 * 4 * (16 + 16));
  });

  it("refuses what it cannot profile", async () => {
    const model = await createModel(new Linear(4, 2), { inputShape: [4] });
    const bad = (options: object) => model.profile(x(2, 4), options);
    await expect(model.profile(x(3))).rejects.toThrow(ShapeError);
    await expect(model.profile(x(3))).rejects.toThrow(/^profile: input expected \[n, 4\]/);
    await expect(bad({ repetitions: 0 })).rejects.toThrow(/^profile: repetitions expected an integer from 1 to 10000/);
    await expect(bad({ train: true })).rejects.toThrow(
      /^profile: option expected training, loss, optimizer, repetitions/,
    );
    await expect(bad({ training: 1 })).rejects.toThrow(ArgumentError);
    await expect(bad({ loss: mse() })).rejects.toThrow(/^profile: loss expected only with training: true/);
    await expect(bad({ training: true, optimizer: {} })).rejects.toThrow(/what a trainer takes as optimizer/);
    const endless = model.profile([[Infinity, 0, 0, 0]], { training: true });
    await expect(endless).rejects.toThrow(NumericError);
    model.dispose();
    await expect(model.profile(x(2, 4))).rejects.toThrow(ResnetWasmError);
  });

  it("is the last user of the memory: backward after it says so", async () => {
    const model = await build(new Linear(4, 2), [4]);
    model.forward(x(2, 4));
    await model.profile(x(2, 4), { repetitions: 1 });
    expect(() => model.backward(x(2, 2))).toThrow(/directly after forward/);
  });
});
