// What whole networks take, foretold by memoryPlan and found in the WASM memory. Bars: ResNet-20 training at batch 128
// in 300 MB, ResNet-18 inference in 250 MB, and in 90 MB where memory counts. Measured: 203, 217 and 78 MB.
import { expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  ReLU,
  resnet18,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build } from "../../support/setups.js";

const MB = 1e6;
const PAGE = 65536;

it("trains ResNet-20 at batch 128 within 300 MB", async () => {
  const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3], threads: 1 });
  const { total } = model.memoryPlan({ batchSize: 128, training: true });
  expect(total).toBeLessThanOrEqual(300 * MB);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
  trainer.step(new Float32Array(128 * 32 * 32 * 3), new Int32Array(128));
  expect(model.engine.executor.memory.memory.buffer.byteLength).toBe(Math.ceil(total / PAGE) * PAGE);
  model.dispose();
});

it.each([
  ["speed", 250],
  ["memory", 90],
] as const)("predicts by ResNet-18 with prefer %s within %i MB", async (prefer, megabytes) => {
  const model = await createModel(resnet18(), { inputShape: [224, 224, 3], threads: 1, prefer });
  const { total, prepared } = model.memoryPlan();
  expect(total).toBeLessThanOrEqual(megabytes * MB);
  if (prefer === "memory") expect(prepared).toBeLessThan(15 * MB);
  model.predict(new Float32Array(224 * 224 * 3));
  expect(model.engine.executor.memory.memory.buffer.byteLength).toBe(Math.ceil(total / PAGE) * PAGE);
  model.dispose();
});

it("gives the same bits whether large weights are folded and packed beforehand or in each step", async () => {
  // Stride 2 leaves both models the direct algorithm; 1,179,648 weights are too many to be kept twice.
  const conv = new Conv2d(256, 512, { kernelSize: 3, stride: 2, padding: 1, bias: false });
  const network = new Sequential(conv, new BatchNorm2d(512), new ReLU());
  const x = uniform("memory/x", 5 * 6 * 256);
  const [speed, memory] = await Promise.all(
    (["speed", "memory"] as const).map((prefer) =>
      build(network, [5, 6, 256], { threads: 2, relaxedSimd: false, prefer }, 3),
    ),
  );
  expect(speed.memoryPlan().prepared - memory.memoryPlan().prepared).toBeGreaterThanOrEqual(
    4 * conv.inChannels * conv.outChannels * 9,
  );
  expect(memory.predict(x)).toEqual(speed.predict(x));
  for (const model of [speed, memory]) {
    const state = model.stateDict();
    state.get("1.running_var")!.data.fill(4);
    model.loadStateDict(state);
  }
  const scaled = memory.predict(x);
  expect(scaled).toEqual(speed.predict(x));
  expect(scaled.data.reduce((a, b) => a + b)).toBeGreaterThan(0);
  speed.dispose();
  memory.dispose();
});
