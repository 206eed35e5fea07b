// memoryPlan's bytes are those of the memory that is then allocated, in pages of 64 KB.
import { describe, expect, it } from "vitest";
import {
  Adam,
  createTrainer,
  crossEntropy,
  Linear,
  type Model,
  mse,
  residualMLP,
  SGD,
} from "../../../src/hosts/node/index.js";
import { build, setups } from "../../support/setups.js";

const pages = (model: Model) => model.engine.executor.memory.memory.buffer.byteLength / 65536;
const net = (norm: "batch" | "layer") => residualMLP({ in: 37, width: 130, blocks: 3, out: 10, norm, dropout: 0.1 });

describe.each(setups)("%o", (setup) => {
  it.each([1, 7, 8, 33, 256])("batch %d: predicting and training take what was foretold", async (batchSize) => {
    const norm = batchSize > 1 ? "batch" : "layer";
    const x = new Float32Array(37 * batchSize);
    const model = await build(net(norm), [37], setup);
    const { total, ...parts } = model.memoryPlan({ batchSize });
    expect(Object.values(parts).reduce((a, b) => a + b)).toBe(total);
    const before = pages(model);
    expect(before).toBeLessThanOrEqual(Math.ceil(total / 65536));
    model.predict(x, { batchSize });
    expect(pages(model)).toBe(Math.ceil(total / 65536));
    model.dispose();

    for (const [optimizerStates, optimizer] of [
      [0, new SGD({ lr: 0.1 })],
      [1, new SGD({ lr: 0.1, momentum: 0.9 })],
      [2, new Adam()],
    ] as const) {
      const trained = await build(net(norm), [37], setup);
      const plan = trained.memoryPlan({ batchSize, training: true, optimizerStates });
      createTrainer(trained, { loss: crossEntropy(), optimizer }).step(x, new Int32Array(batchSize));
      expect(pages(trained), optimizer.type).toBe(Math.ceil(plan.total / 65536));
      trained.dispose();
    }
  });
});

it("is close for other losses, and counts the average of the weights", async () => {
  const model = await build(new Linear(300, 300), [300]);
  const { total } = model.memoryPlan({ batchSize: 64, training: true, optimizerStates: 3 });
  const trainer = createTrainer(model, { loss: mse(), optimizer: new Adam(), ema: 0.99 });
  trainer.step(new Float32Array(300 * 64), new Float32Array(300 * 64));
  expect(Math.abs(pages(model) * 65536 - total)).toBeLessThan(300 * 64 * 4 + 65536);
});

it("costs nothing to ask, whatever the batch", async () => {
  const model = await build(new Linear(10, 10), [10]);
  const before = pages(model);
  const { activations, parameters } = model.memoryPlan({ batchSize: 1e8 });
  expect(activations).toBeGreaterThan(4e9);
  expect(parameters).toBe(448 + 64);
  expect(pages(model)).toBe(before);
});
