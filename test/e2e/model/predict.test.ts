// predict, forward and backward: the forms of input, chunks, and what may stand between two calls.
import { describe, expect, it } from "vitest";
import { arrayDataset } from "../../../src/faces/data.js";
import {
  Adam,
  BatchNorm1d,
  createTrainer,
  crossEntropy,
  Dropout,
  Linear,
  mse,
  ReLU,
  ResnetWasmError,
  residualMLP,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { build, setups, setWeights } from "../../support/setups.js";

const net = residualMLP({ in: 6, width: 24, blocks: 2, out: 4 });
const x = uniform("predict/x", 6 * 50);

describe("what predict takes", () => {
  it("gives the same for all forms of the same numbers", async () => {
    const model = await build(net, [6]);
    const few = x.subarray(0, 12);
    const expected = model.predict(few);
    expect(expected.shape).toEqual([2, 4]);
    expect(expected.data).toBeInstanceOf(Float32Array);
    const rows = [[...few.subarray(0, 6)], [...few.subarray(6)]];
    const forms = [
      { data: few, shape: [2, 6] },
      { data: [...few], shape: [2, 6] },
      [...few],
      rows,
      [few.subarray(0, 6), few.subarray(6)],
      Float64Array.from(few),
      { data: Float64Array.from(few), shape: [2, 6] },
      { ...few, length: 12 },
    ];
    for (const form of forms) expect(model.predict(form as number[])).toEqual(expected);
    const bytes = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
    const parts = Float32Array.from(bytes, (byte) => byte / 255);
    expect(model.predict(bytes)).toEqual(model.predict(parts));
    expect(model.predict(new Uint8ClampedArray(bytes))).toEqual(model.predict(parts));
  });

  it("takes samples of several dimensions, nested or flat", async () => {
    const model = await build(new Sequential(new Linear(3, 5), new ReLU()), [2, 3]);
    const nested = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ];
    const { data, shape } = model.predict(nested);
    expect(shape).toEqual([1, 2, 5]);
    expect(model.predict([1, 2, 3, 4, 5, 6]).data).toEqual(data);
    expect(model.predict({ data: [1, 2, 3, 4, 5, 6], shape: [1, 2, 3] }).data).toEqual(data);
  });

  it("hands out copies and leaves its input alone", async () => {
    const model = await build(net, [6]);
    const input = x.slice();
    const first = model.predict(input);
    const copy = first.data.slice();
    model.predict(input.map((v) => -v));
    first.data.fill(7);
    expect(model.predict(input).data).toEqual(copy);
    expect(input).toEqual(x);
  });
});

describe.each(setups)("%o", (setup) => {
  it("does not depend on how a batch is cut", async () => {
    const model = await build(net, [6], setup);
    const whole = model.predict(x, { batchSize: 50 });
    const scale = whole.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(model.predict(x)).toEqual(whole);
    // From 8 rows on every product takes the same path: the same bits. Fewer rows are summed in another order.
    expect(model.predict(x, { batchSize: 21 })).toEqual(whole);
    for (const batchSize of [1, 2, 3, 7, 8, 17, 49]) {
      const { data, shape } = model.predict(x, { batchSize });
      expect(shape).toEqual([50, 4]);
      expect(maxDifference(data, whole.data), `batches of ${batchSize}`).toBeLessThan(2e-6 * scale);
    }
  });

  it("propagates as forward and backward say, again and again", async () => {
    const model = await build(net, [6], setup);
    const dy = uniform("predict/dy", 4 * 10);
    const rounds = [1, 2].map(() => {
      const y = model.forward(x.subarray(0, 60));
      return [y, model.backward(dy), model.gradients()];
    });
    expect(rounds[1]).toEqual(rounds[0]);
    expect((rounds[0][1] as { shape: number[] }).shape).toEqual([10, 6]);
  });
});

describe("backward", () => {
  it("asks for a forward directly before it", async () => {
    const model = await build(net, [6]);
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) });
    const dy = uniform("predict/dy", 8);
    const between: (() => unknown)[] = [
      () => model.predict(x),
      () => trainer.step(x.subarray(0, 12), [0, 1]),
      () => createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0, momentum: 0.5 }) }),
      () => model.forward(x.subarray(0, 18)),
    ];
    for (const call of between) {
      model.forward(x.subarray(0, 12));
      call();
      expect(() => model.backward(dy), String(call)).toThrow(ResnetWasmError);
    }
    model.forward(x.subarray(0, 12));
    model.backward(dy);
    expect(() => model.backward(dy), "twice").toThrow(/directly after forward/);
  });

  it("may come after calls that need no arena", async () => {
    const model = await build(net, [6]);
    const dy = uniform("predict/dy", 8);
    model.forward(x.subarray(0, 12));
    const expected = model.backward(dy);
    model.forward(x.subarray(0, 12));
    model.summary();
    model.stateDict();
    model.memoryPlan({ batchSize: 64, training: true });
    expect(model.backward(dy)).toEqual(expected);
  });

  it("differentiates with the weights of its forward when others were loaded in between", async () => {
    const model = await build(new Linear(3, 2, { bias: false }), [3]);
    const ones = { weight: { data: [1, 1, 1, 1, 1, 1], shape: [2, 3] } };
    setWeights(model, ones);
    model.forward(uniform("predict/x", 30));
    const dx = model.backward(uniform("predict/dy", 20));
    model.forward(uniform("predict/x", 30));
    setWeights(model, { weight: { data: [2, 2, 2, 2, 2, 2], shape: [2, 3] } });
    expect(model.backward(uniform("predict/dy", 20))).toEqual(dx);
  });

  it("fits the loss of the trainer: the same gradients by hand", async () => {
    const model = await build(net, [6]);
    const labels = [0, 1, 3, 2, 0, 0, 1, 2, 3, 3];
    const batch = x.subarray(0, 60);
    const { data: logits } = model.forward(batch);
    const dy = logits.map((_, i) => {
      const row = logits.subarray(i - (i % 4), i - (i % 4) + 4);
      const total = row.reduce((sum, v) => sum + Math.exp(v), 0);
      return (Math.exp(logits[i]) / total - Number(labels[Math.floor(i / 4)] === i % 4)) / 10;
    });
    model.backward(dy);
    const byHand = model.gradients();
    createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) }).step(batch, labels);
    for (const [name, { data }] of model.gradients())
      expect(maxDifference(data, byHand.get(name)!.data), name).toBeLessThan(1e-6);
  });

  it("trains by a loss of one's own as the trainer does by its", async () => {
    const [a, b] = [await build(net, [6]), await build(net, [6])];
    const options = { loss: mse(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }), ema: 0.9 };
    const { loss: _, ...withoutLoss } = options;
    const [first, second] = [createTrainer(a, options), createTrainer(b, withoutLoss)];
    const target = uniform("predict/target", 40);
    for (let step = 0; step < 5; step++) {
      first.step(x.subarray(0, 60), target);
      const { data } = b.forward(x.subarray(0, 60), { training: true });
      b.backward(data.map((y, i) => (2 * (y - target[i])) / 40));
      second.applyGradients();
    }
    for (const [name, { data }] of a.stateDict())
      expect(maxDifference(data, b.stateDict().get(name)!.data), name).toBeLessThan(1e-6);
    expect(second.stepCount).toBe(5);
  });

  it("refuses what needs a loss of a trainer that has none, and goes on exactly from its checkpoints", async () => {
    const options = { optimizer: new Adam({ lr: 0.01 }), ema: 0.5 };
    const trainer = createTrainer(await build(net, [6]), options);
    const dataset = arrayDataset({
      x: x.subarray(0, 60),
      y: uniform("predict/target", 40),
      inputShape: [6],
      targetShape: [4],
    });
    const hint = /loss expected one given to createTrainer, got none\. For a loss of your own call model\.forward/;
    expect(trainer.loss).toBe(null);
    expect(() => trainer.step(x.subarray(0, 60), uniform("predict/target", 40))).toThrow(hint);
    await expect(trainer.fit(dataset)).rejects.toThrow(hint);
    await expect(trainer.evaluate(dataset)).rejects.toThrow(hint);
    const step = (own: Trainer) => {
      const { data } = own.model.forward(x.subarray(0, 60), { training: true });
      own.model.backward(data.map((y) => y / 40));
      return own.applyGradients();
    };
    step(trainer);
    const saved = await trainer.save();
    const second = createTrainer(await build(net, [6]), options);
    await second.load(saved);
    expect(step(second)).toEqual(step(trainer));
    expect(await second.save()).toEqual(await trainer.save());
    const other = createTrainer(await build(net, [6]), { ...options, loss: mse() });
    await expect(other.load(saved)).rejects.toThrow(/loss expected .*mse.*, got null/);
  });

  it("applies gradients to networks with BatchNorm, and not before there are any", async () => {
    const model = await build(new Sequential(new Linear(6, 5), new BatchNorm1d(5)), [6]);
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }) });
    expect(() => trainer.applyGradients()).toThrow(/after model.backward, got no gradients/);
    model.forward(x.subarray(0, 60), { training: true });
    model.backward(uniform("predict/dy", 50));
    const before = model.stateDict();
    trainer.applyGradients();
    const after = model.stateDict();
    expect(after.get("0.weight")!.data).not.toEqual(before.get("0.weight")!.data);
    expect(after.get("1.running_mean")).toEqual(before.get("1.running_mean"));
  });
});

describe("training mode", () => {
  it("drops other numbers each time, and none in evaluation", async () => {
    const model = await build(new Sequential(new Dropout(0.5)), [6]);
    const ones = new Float32Array(6 * 20).fill(1);
    const [first, second] = [1, 2].map(() => model.forward(ones, { training: true }).data);
    expect(new Set(first)).toEqual(new Set([0, 2]));
    expect(second).not.toEqual(first);
    expect(model.forward(ones).data).toEqual(ones);
    expect(model.predict(ones).data).toEqual(ones);
  });

  it("gives back for the dropped what it took: the mask of backward is that of forward", async () => {
    const model = await build(new Sequential(new Dropout(0.3)), [6]);
    const ones = new Float32Array(6 * 20).fill(1);
    const { data } = model.forward(ones, { training: true });
    expect(model.backward(ones).data).toEqual(data);
  });
});
