// Random networks of random shapes against their definition in float64, forward and backward, and by finite differences.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BatchNorm1d,
  ELU,
  GELU,
  gradcheck,
  Hardswish,
  Identity,
  type Layer,
  LayerNorm,
  LeakyReLU,
  Linear,
  LogSoftmax,
  type Model,
  ReLU,
  Residual,
  residualMLP,
  Sequential,
  Sigmoid,
  SiLU,
  Softmax,
  Tanh,
  tabularResNet,
} from "../../../src/hosts/node/index.js";
import { RUNS, type Sample, samples } from "../../support/networks.js";
import { type Context, evaluate } from "../../support/reference/network.js";
import { build, setups, setWeights } from "../../support/setups.js";
import { uniform } from "../generator.js";

/** Weights away from their defaults, so that every norm scales and shifts and running statistics matter. */
function disturb(model: Model): void {
  const entries = [...model.stateDict()].map(([name, { data, shape }]) => {
    const [scale, offset] = name.endsWith("running_var")
      ? [0.4, 1]
      : [0.6, name.endsWith("weight") && shape.length === 1 ? 1 : 0];
    return [
      name,
      { data: name.endsWith("tracked") ? data : uniform(name, data.length, scale, offset), shape },
    ] as const;
  });
  setWeights(model, Object.fromEntries(entries));
}

/** Every element within 1e-5 of the largest one: rounding of some ten layers, each within the bar for one op. */
function expectNear(actual: ArrayLike<number>, expected: Float64Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  // Sums that cancel (the gradient of a bias before a norm) keep the rounding of their terms, which are 1 or more.
  const scale = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  expected.forEach((v, i) => {
    if (!(Math.abs(actual[i] - v) <= 1e-5 * scale))
      throw new Error(`${what}[${i}] is ${actual[i]} instead of ${v}, largest ${scale}`);
  });
}

function compare(model: Model, { network, inputShape, batchSize }: Sample, training: boolean): void {
  const shape = [batchSize, ...inputShape];
  const x = uniform(
    "networks/x",
    shape.reduce((a, b) => a * b),
    1.5,
  );
  const step = model.engine.randomStep + 1;
  const context: Context = { weights: model.stateDict(), training, seed: 7, step, streams: 0, gradients: new Map() };
  const expected = evaluate(network, Float64Array.from(x), shape, context);
  const y = model.forward(x, { training });
  expect(y.shape).toEqual(expected.shape);
  expectNear(y.data, expected.y, "y");
  const dy = uniform("networks/dy", y.data.length);
  const dx = expected.backward(Float64Array.from(dy));
  expectNear(model.backward(dy).data, dx, "dx");
  for (const [name, { data }] of model.gradients()) expectNear(data, context.gradients.get(name)!, `d ${name}`);
}

describe.each(setups)("%o", (setup) => {
  it.each([false, true])("training: %s: networks follow their definition", async (training) => {
    const check = async (sample: Sample) => {
      const model = await build(sample.network, sample.inputShape, setup, 7);
      disturb(model);
      if (training) compare(model, sample, true);
      compare(model, sample, training);
      model.dispose();
    };
    await fc.assert(fc.asyncProperty(samples, check), { ...RUNS, numRuns: setup.threads > 1 ? 15 : 60 });
  });
});

const smooth: Record<string, Layer> = {
  Linear: new Linear(6, 4),
  "Linear without bias": new Linear(6, 4, { bias: false }),
  GELU: new GELU(),
  "GELU by tanh": new GELU({ approximate: "tanh" }),
  SiLU: new SiLU(),
  Sigmoid: new Sigmoid(),
  Tanh: new Tanh(),
  ELU: new ELU(),
  Hardswish: new Hardswish(),
  LeakyReLU: new LeakyReLU(),
  Softmax: new Softmax(),
  LogSoftmax: new LogSoftmax(),
  LayerNorm: new LayerNorm(6),
  BatchNorm1d: new BatchNorm1d(6),
  "a residual block": new Residual(new Sequential(new Linear(6, 6), new Tanh(), new Linear(6, 6)), {
    activation: new SiLU(),
  }),
  "a projected block": new Residual(new Sequential(new Linear(6, 9), new Tanh(), new Linear(9, 3)), {
    shortcut: "projection",
  }),
  "a block in a block": new Residual(new Residual(new Sequential(new Linear(6, 6), new Sigmoid())), {
    shortcut: new Linear(6, 6),
  }),
  residualMLP: residualMLP({ in: 6, width: 16, blocks: 3, out: 5, activation: new GELU(), norm: "layer" }),
  tabularResNet: tabularResNet({ in: 6, out: 2, d: 12 }),
  "no layer": new Identity(),
  ReLU: new ReLU(),
};

describe("gradcheck", () => {
  it.each(Object.entries(smooth))("%s", async (_, layer) => {
    const model = await build(layer, [6], setups[0], 3);
    const before = model.stateDict();
    const report = gradcheck(model, { seed: 1 });
    expect(report.entries.map(({ name }) => name)).toEqual([
      ...model.engine.description.parameters.map(({ name }) => name),
      "input",
    ]);
    expect(report.ok, JSON.stringify(report.entries)).toBe(true);
    expect(model.stateDict()).toEqual(before);
  });

  it("sees a wrong gradient", async () => {
    const model = await build(new Sequential(new Linear(6, 6), new Tanh()), [6]);
    const { backward } = model;
    model.backward = (dy) => {
      const dx = backward.call(model, dy);
      dx.data.forEach((v, i, data) => {
        data[i] = 1.5 * v;
      });
      return dx;
    };
    const report = gradcheck(model);
    expect(report.ok).toBe(false);
    expect(report.entries.filter(({ relativeError }) => relativeError > 2e-2).map(({ name }) => name)).toEqual([
      "input",
    ]);
  });
});
