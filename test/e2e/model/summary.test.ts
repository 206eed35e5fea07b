// What a model tells of itself: summary, info; and what is left after dispose.
import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  Linear,
  ReLU,
  Residual,
  ResnetWasmError,
  RuntimeSupportError,
  residualMLP,
  Sequential,
  SGD,
  tabularResNet,
} from "../../../src/hosts/node/index.js";
import { hasRelaxedSimd } from "../../../src/runtime/features.js";
import { build } from "../../support/setups.js";

const net = residualMLP({ in: 784, width: 128, blocks: 1, out: 10 });

describe("memoryPlan", () => {
  it("counts what prediction will take before there was one, folded weights included", async () => {
    const network = new Sequential(new Conv2d(3, 4, { kernelSize: 3 }), new BatchNorm2d(4), new Flatten());
    const model = await createModel(network, { inputShape: [6, 6, 3] });
    const before = model.memoryPlan({ batchSize: 2, training: false });
    expect(before.prepared).toBeGreaterThan(0);
    model.predict(new Float32Array(2 * 108));
    expect(model.memoryPlan({ batchSize: 2, training: false })).toEqual(before);
  });
});

describe("summary", () => {
  it("lists layers, output shapes, parameters and multiply-adds", async () => {
    const model = await build(net, [784]);
    expect(model.summary()).toBe(
      [
        "layer                  output    parameters     MACs",
        "----------------------------------------------------",
        "input                  [n, 784]",
        "network (Sequential)   [n, 10]      134,794  134,400",
        "  0 (Linear)           [n, 128]     100,480  100,352",
        "  1 (ReLU)             [n, 128]           0        0",
        "  2 (Residual)         [n, 128]      33,024   32,768",
        "    main (Sequential)  [n, 128]      33,024   32,768",
        "      0 (Linear)       [n, 128]      16,512   16,384",
        "      1 (ReLU)         [n, 128]           0        0",
        "      2 (Linear)       [n, 128]      16,512   16,384",
        "  3 (Linear)           [n, 10]        1,290    1,280",
        "----------------------------------------------------",
        "total                               134,794  134,400",
      ].join("\n"),
    );
  });

  it("lists every layer once, also those that are made of others", async () => {
    const model = await build(tabularResNet({ in: 5, out: 3, d: 8 }), [5]);
    const lines = model.summary().split("\n");
    expect(lines.filter((line) => line.includes("TabularBlock")).length).toBe(2);
    expect(lines.filter((line) => line.includes("(Sequential)")).map((line) => line.trim().split(" ")[0])).toEqual([
      "network",
      "blocks",
      "output",
    ]);
    const total = [...model.stateDict()]
      .filter(([name]) => !/running|tracked/.test(name))
      .reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(lines.at(-1)).toMatch(new RegExp(`^total +${total} `));
  });

  it("counts every row of a sample of several", async () => {
    const model = await build(new Sequential(new Linear(3, 5), new ReLU()), [7, 3]);
    expect(model.summary()).toMatch(/0 \(Linear\) +\[n, 7, 5\] +20 +105/);
    expect(model.outputShape).toEqual([7, 5]);
  });

  it("keeps the order of a record and of long lists", async () => {
    const many = new Sequential(...Array.from({ length: 12 }, () => new Residual(new Linear(2, 2))));
    const model = await build(new Sequential({ z: new Linear(2, 2), a: many }), [2]);
    const names = model
      .summary()
      .split("\n")
      .map((line) => line.trim().split(" ")[0]);
    expect(names.slice(3, 9)).toEqual(["network", "z", "a", "0", "main", "1"]);
    expect(names.filter((name) => /^\d+$/.test(name))).toEqual(Array.from({ length: 12 }, (_, i) => String(i)));
  });
});

describe("info", () => {
  it("says which path runs and why", async () => {
    const small = await createModel(new Linear(2, 2), { inputShape: [2], relaxedSimd: false });
    expect(small.info).toEqual({
      simd: true,
      relaxedSimd: false,
      threads: 1,
      why: "SIMD: relaxed SIMD was switched off; one thread: the network is small (4 multiply-adds for one sample)",
    });
    const two = await createModel(new Linear(2, 2), { inputShape: [2], threads: 2 });
    expect(two.info.threads).toBe(2);
    expect(two.info.relaxedSimd).toBe(hasRelaxedSimd());
    expect(two.info.why).toMatch(/; 2 threads: as asked$/);
    two.dispose();
    const asked = createModel(new Linear(2, 2), { inputShape: [2], relaxedSimd: true });
    if (hasRelaxedSimd()) expect((await asked).info.relaxedSimd).toBe(true);
    else await expect(asked).rejects.toThrow(RuntimeSupportError);
  });
});

describe("dispose", () => {
  it("ends the model, once and for all, with or without threads", async () => {
    for (const threads of [1, 2]) {
      const model = await build(net, [784], { threads, relaxedSimd: false });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      model.predict(new Float32Array(784 * 9));
      model.dispose();
      model.dispose();
      const x = new Float32Array(784);
      for (const call of [
        () => model.predict(x),
        () => model.forward(x),
        () => model.backward([1]),
        () => model.gradients(),
        () => model.stateDict(),
        () => model.loadStateDict({}),
        () => model.summary(),
        () => model.memoryPlan(),
        () => trainer.step(x, [0]),
        () => trainer.applyGradients(),
        () => model.inputShape,
      ])
        expect(call, String(call)).toThrow(/model expected in use, got disposed/);
      await expect(model.save()).rejects.toThrow(ResnetWasmError);
      await expect(trainer.save()).rejects.toThrow(ResnetWasmError);
      expect(model.info.threads).toBe(threads);
    }
  });

  it("is what Symbol.dispose does, where the runtime has it", async () => {
    const model = await build(new Linear(2, 2), [2]);
    const dispose = (Symbol as { dispose?: symbol }).dispose;
    if (dispose === undefined) return expect(Symbol.for("nodejs.dispose")).toBeDefined();
    (model as unknown as Record<symbol, () => void>)[dispose]();
    expect(() => model.predict([1, 2])).toThrow(/disposed/);
  });
});
