// Lion through the public API against its definition in float64: for y = x w^T and dy = 1 the gradient of w is x itself.
import { describe, expect, it } from "vitest";
import { createTrainer, Linear, Lion, stepLR } from "../../../src/hosts/node/index.js";
import { optimizerFromJSON } from "../../../src/optim/optimizers.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { lionStep } from "../../support/reference/optim.js";
import { build, setups, setWeights } from "../../support/setups.js";

const N = 37;
const STEPS = 20;
const start = uniform("lion/start", N);

describe.each(setups)("%o", (setup) => {
  it.each([
    [new Lion(), { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 }],
    [
      new Lion({ lr: 0.02, betas: [0.8, 0.95], weightDecay: 0.5 }),
      { lr: 0.02, beta1: 0.8, beta2: 0.95, weightDecay: 0.5 },
    ],
  ])("%j", async (optimizer, options) => {
    const model = await build(new Linear(N, 1, { bias: false }), [N], setup);
    setWeights(model, { weight: { data: start, shape: [1, N] } });
    const trainer = createTrainer(model, { optimizer, schedule: stepLR({ stepSize: 10, gamma: 0.5 }) });
    const [w, m] = [Float64Array.from(start), new Float64Array(N)];
    for (let step = 0; step < STEPS; step++) {
      const gradient = uniform(`lion/${step}`, N);
      model.forward(gradient);
      model.backward([1]);
      trainer.applyGradients();
      lionStep(w, gradient, m, { ...options, lr: step < 10 ? options.lr : options.lr / 2 });
    }
    const trained = model.stateDict().get("weight");
    expect(maxDifference(trained?.data ?? [], w)).toBeLessThan(1e-6);
    model.dispose();
  });
});

it("is made again from its JSON", () => {
  const json = JSON.stringify(new Lion({ lr: 0.5, weightDecay: 1 }));
  expect(JSON.parse(json)).toEqual({ type: "Lion", options: { lr: 0.5, betas: [0.9, 0.99], weightDecay: 1 } });
  const again = optimizerFromJSON(JSON.parse(json));
  expect(again).toBeInstanceOf(Lion);
  expect(JSON.stringify(again)).toBe(json);
});

it("refuses rates that are none", () => {
  expect(() => new Lion({ betas: [0.9, 1] })).toThrow(/Lion: betas\[1\] expected a number in \[0, 1\), got 1/);
  expect(() => new Lion({ eps: 1 } as never)).toThrow(/Lion: option expected lr, betas, weightDecay, got "eps"/);
});
