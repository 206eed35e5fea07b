// Optimisers and clipping against PyTorch, through the public API: for y = x w^T and dy = 1 the gradient of w is x itself.
import { describe, expect, it } from "vitest";
import {
  Adagrad,
  Adam,
  AdamW,
  createTrainer,
  Linear,
  mse,
  RMSprop,
  SGD,
  stepLR,
} from "../../../src/hosts/node/index.js";
import { build, setups, setWeights } from "../../support/setups.js";
import { loadClipping, loadOptimizers, maxDifference, tolerance } from "../load.js";

const optimizers = { SGD, Adam, AdamW, RMSprop, Adagrad };

describe.each(setups)("%o", (setup) => {
  it.each(loadOptimizers().map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    const model = await build(new Linear(golden.n, 1, { bias: false }), [golden.n], setup);
    setWeights(model, { weight: { data: golden.start, shape: [1, golden.n] } });
    const schedule = golden.halveLrAtStep === null ? undefined : stepLR({ stepSize: golden.halveLrAtStep, gamma: 0.5 });
    const trainer = createTrainer(model, {
      loss: mse(),
      optimizer: new optimizers[golden.optimizer](golden.options),
      ...(schedule && { schedule }),
    });
    const rows: number[] = [];
    for (const gradient of golden.gradients) {
      model.forward(gradient);
      model.backward([1]);
      trainer.applyGradients();
      rows.push(...model.stateDict().get("weight")!.data);
    }
    expect(maxDifference(rows, golden.weights.data)).toBeLessThanOrEqual(tolerance(golden.weights));
    model.dispose();
  });

  it.each(loadClipping())("clips to $maxNorm", async ({ maxNorm, gradients, norm, a, b }) => {
    const gradient = [...gradients[0], ...gradients[1]];
    const model = await build(new Linear(gradient.length, 1, { bias: false }), [gradient.length], setup);
    setWeights(model, { weight: { data: gradient.map(() => 0), shape: [1, gradient.length] } });
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 1 }), clipGradNorm: maxNorm });
    model.forward(gradient);
    model.backward([1]);
    const { gradNorm } = trainer.applyGradients();
    expect(Math.abs(gradNorm - norm.data[0])).toBeLessThanOrEqual(tolerance(norm));
    const step = model
      .stateDict()
      .get("weight")!
      .data.map((w) => 0 - w);
    expect(maxDifference(step.slice(0, 15), a.data)).toBeLessThanOrEqual(tolerance(a));
    expect(maxDifference(step.slice(15), b.data)).toBeLessThanOrEqual(tolerance(b));
    model.dispose();
  });
});
