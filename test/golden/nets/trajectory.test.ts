// A whole training run against PyTorch: the same net, weights and batches, in float64 there.
import { describe, expect, it } from "vitest";
import { createModel, createTrainer, crossEntropy, residualMLP, SGD } from "../../../src/hosts/node/index.js";
import { fingerprintDifference, loadMlpTrajectory } from "../load.js";

describe.each([
  { threads: 1, relaxedSimd: false as const },
  { threads: 2, relaxedSimd: false as const },
  { threads: 1, relaxedSimd: "auto" as const },
])("784-128x8-10 with %o", (options) => {
  it("follows PyTorch's float64 losses for twenty steps", async () => {
    const golden = loadMlpTrajectory();
    const network = residualMLP({ in: 784, width: 128, blocks: 8, out: 10 });
    const model = await createModel(network, { inputShape: [784], ...options });
    expect(model.info.threads, model.info.why).toBe(options.threads);
    const names = [...model.stateDict().keys()];
    const weights = golden.parameters.map(({ data, shape }, i) => [names[i], { data, shape }] as const);
    model.loadStateDict(new Map(weights));
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
    for (let step = 0; step < golden.steps; step++) {
      const { x, labels } = golden.batchOf(step);
      const { loss } = trainer.step(x, labels);
      expect(Math.abs(loss - golden.losses[step]), `step ${step}`).toBeLessThan(5e-6);
      if (step > 0) continue;
      const gradients = model.gradients();
      golden.gradients.forEach((g, i) => {
        expect(fingerprintDifference(gradients.get(names[i])!.data, g), g.name).toBeLessThan(1e-5);
      });
    }
    const state = model.stateDict();
    golden.weights.forEach((w, i) => {
      expect(fingerprintDifference(state.get(names[i])!.data, w), w.name).toBeLessThan(1e-5);
    });
    model.dispose();
  });
});
