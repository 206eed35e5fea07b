// Single steps: groups and weight decay, averages, several trainers on one model, losses that are not finite.
import { describe, expect, it } from "vitest";
import {
  Adam,
  AdamW,
  BatchNorm1d,
  createTrainer,
  crossEntropy,
  GELU,
  Linear,
  Lion,
  type Model,
  mse,
  NumericError,
  type ParameterGroup,
  ReLU,
  Residual,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { build, setWeights, weightBits } from "../../support/setups.js";

const net = new Sequential(new Linear(3, 5), new BatchNorm1d(5), new ReLU(), new Linear(5, 2));
const x = uniform("training/x", 3 * 8);
const target = uniform("training/y", 2 * 8);

/** How far each parameter moves in one step, as a multiple of its gradient. */
async function rates(groups: ParameterGroup[], decayNormsAndBiases = true): Promise<Record<string, string>> {
  const model = await build(net, [3]);
  for (const [name, { data, shape }] of model.stateDict())
    if (!/running|tracked/.test(name))
      setWeights(model, { [name]: { data: uniform(name, data.length, 0.2, 1), shape } });
  const trainer = createTrainer(model, {
    loss: mse(),
    optimizer: new SGD({ lr: 0.5, weightDecay: 0.1 }),
    groups,
    decayNormsAndBiases,
  });
  const before = model.stateDict();
  trainer.step(x, target);
  const after = model.stateDict();
  const entries = [...model.gradients()].map(([name, { data }]) => {
    // w' = w - lr (g + decay w), twice solved: lr from the part along g, then the decay.
    const [w, v] = [before.get(name)!.data, after.get(name)!.data];
    const factor = (decay: number) => v.map((value, i) => (w[i] - value) / (data[i] + decay * w[i]));
    const best = [0, 0.1, 0.3].find((decay) => factor(decay).every((f) => Math.abs(f / factor(decay)[0] - 1) < 1e-3))!;
    return [name, [factor(best)[0], best].map((n) => Math.round(n * 1000) / 1000).join(" decay ")];
  });
  return Object.fromEntries(entries);
}

describe("groups", () => {
  const all = {
    "0.weight": "0.5 decay 0.1",
    "1.weight": "0.5 decay 0.1",
    "1.bias": "0.5 decay 0.1",
    "3.weight": "0.5 decay 0.1",
    "3.bias": "0.5 decay 0.1",
  };
  // The gradient of 0.bias vanishes in front of a BatchNorm: nothing to tell its rate by.
  const without = ({ "0.bias": _, ...rest }: Record<string, unknown>) => rest;

  it("share the optimiser's settings by default", async () => {
    expect(without(await rates([]))).toEqual(all);
  });

  it("scale the learning rate and replace the weight decay; the first that matches wins", async () => {
    const groups = [
      { match: /^3\./g, lrScale: 0.1 },
      { match: (name: string) => name.endsWith("weight"), weightDecay: 0.3 },
      { match: /^3\.bias/, lrScale: 7 },
    ];
    expect(without(await rates(groups))).toEqual({
      ...all,
      "0.weight": "0.5 decay 0.3",
      "1.weight": "0.5 decay 0.3",
      "3.weight": "0.05 decay 0.1",
      "3.bias": "0.05 decay 0.1",
    });
  });

  it("are chosen by the path of a layer too", async () => {
    expect(await rates([{ match: "3", lrScale: 0.1 }])).toEqual(await rates([{ match: /^3\./, lrScale: 0.1 }]));
    expect(await rates([{ match: "3.bias", lrScale: 0.1 }])).toEqual(
      await rates([{ match: (name) => name === "3.bias", lrScale: 0.1 }]),
    );
    await expect(rates([{ match: 3 as never }])).rejects.toThrow(/match expected a path, .* or a function, got 3/);
  });

  it("leave norms and biases undecayed if asked to, but for groups that say otherwise", async () => {
    const groups = [{ match: /^1\.weight/, weightDecay: 0.3 }];
    expect(without(await rates(groups, false))).toEqual({
      ...all,
      "1.weight": "0.5 decay 0.3",
      "1.bias": "0.5 decay 0",
      "3.bias": "0.5 decay 0",
    });
  });

  it("stop a part with lrScale 0", async () => {
    const model = await build(net, [3]);
    const before = model.stateDict();
    const trainer = createTrainer(model, {
      loss: mse(),
      optimizer: new AdamW({ lr: 0.1 }),
      groups: [{ match: /^0/, lrScale: 0 }],
    });
    trainer.step(x, target);
    const after = model.stateDict();
    expect(after.get("0.weight")).toEqual(before.get("0.weight"));
    expect(after.get("3.weight")).not.toEqual(before.get("3.weight"));
  });

  it("are told apart although their functions read the same", async () => {
    const model = await build(net, [3]);
    const frozen = (start: string) =>
      createTrainer(model, {
        loss: mse(),
        optimizer: new SGD({ lr: 0.1 }),
        groups: [{ match: (name) => name.startsWith(start), lrScale: 0 }],
      });
    for (const start of ["0", "3"]) {
      const before = model.stateDict();
      frozen(start).step(x, target);
      const after = model.stateDict();
      for (const part of ["0", "3"])
        expect(String(after.get(`${part}.weight`)!.data) === String(before.get(`${part}.weight`)!.data)).toBe(
          part === start,
        );
    }
  });
});

describe("the average of the weights", () => {
  it("starts from the weights that training starts from and follows them", async () => {
    const model = await build(net, [3]);
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }), ema: 0.75 });
    setWeights(model, { "3.weight": { data: uniform("training/w", 10), shape: [2, 5] } }); // after createTrainer
    const expected = new Map([...model.stateDict()].map(([name, { data }]) => [name, Float64Array.from(data)]));
    for (let i = 0; i < 5; i++) {
      trainer.step(x, target);
      for (const [name, { data }] of model.stateDict())
        expected.set(
          name,
          expected.get(name)!.map((v, j) => 0.75 * v + 0.25 * data[j]),
        );
    }
    const state = trainer.emaStateDict();
    expect([...state.keys()]).toEqual([...model.stateDict().keys()]);
    for (const [name, { data, shape }] of state) {
      expect(shape).toEqual(model.stateDict().get(name)!.shape);
      if (/running|tracked/.test(name))
        expect(data).toEqual(model.stateDict().get(name)!.data); // buffers are the model's
      else expect(maxDifference(data, expected.get(name)!), name).toBeLessThan(1e-6);
    }
    model.loadStateDict(state);
    expect(trainer.model.predict(x).data.every(Number.isFinite)).toBe(true);
  });
});

describe("several trainers on one model", () => {
  it("keep apart what they do: each as if it had its own plans", async () => {
    const [shared, alone] = [await build(net, [3]), await build(net, [3])];
    const settings = [
      { loss: mse(), optimizer: new SGD({ lr: 0.1 }) },
      { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }), clipGradNorm: 0.1 },
    ];
    const both = settings.map((options) => createTrainer(shared, options));
    const shares = target.map((_, i) => (i % 2 ? 0.75 : 0.25));
    for (let i = 0; i < 4; i++) {
      both[i % 2].step(x, shares);
      createTrainer(alone, settings[i % 2]).step(x, shares);
    }
    expect(weightBits(shared)).toBe(weightBits(alone));
  });

  it.each([
    ["momentum", () => new SGD({ lr: 0.1, momentum: 0.9 })],
    ["Adam", () => new Adam({ lr: 0.01 })],
    ["Lion", () => new Lion({ lr: 0.01 })],
  ])("keep their state of %s and their averages while another trains", async (_, optimizer) => {
    const layers = new Sequential(new Linear(3, 5), new Linear(5, 2));
    const [shared, alone] = [await build(layers, [3]), await build(layers, [3])];
    const options = () => ({ loss: mse(), optimizer: optimizer(), ema: 0.5 });
    const [one, expected] = [createTrainer(shared, options()), createTrainer(alone, options())];
    let other: Trainer | undefined;
    for (let i = 0; i < 6; i++) {
      expect(one.step(x, target)).toEqual(expected.step(x, target));
      if (i === 1) other = createTrainer(shared, { loss: mse(), optimizer: new Adam({ lr: 0 }), ema: 0.9 });
      if (i === 3) other!.step(x, target);
      if (i === 4) other!.emaStateDict();
    }
    expect(weightBits(shared)).toBe(weightBits(alone));
    expect(one.emaStateDict()).toEqual(expected.emaStateDict());
  });

  it("start afresh, whatever the one before left", async () => {
    const [used, untouched] = [await build(net, [3]), await build(net, [3])];
    const start = used.stateDict();
    const adam = createTrainer(used, { loss: mse(), optimizer: new Adam() });
    for (let i = 0; i < 3; i++) adam.step(x, target);
    used.loadStateDict(start);
    for (const model of [used, untouched])
      createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1, momentum: 0.9, dampening: 0.2 }) }).step(
        x,
        target,
      );
    expect(weightBits(used)).toBe(weightBits(untouched));
  });
});

describe("numbers that are not finite", () => {
  const deep = new Sequential(
    new Linear(3, 4),
    new Residual(new Sequential(new Linear(4, 4), new GELU())),
    new BatchNorm1d(4),
    new Linear(4, 2),
  );
  const trainerOf = (model: Model): Trainer =>
    createTrainer(model, { loss: mse(), optimizer: new Adam({ lr: 0.01 }), ema: 0.9 });

  const poison: [string, (model: Model) => void, Float32Array, RegExp][] = [
    [
      "the input",
      () => {},
      x.map((v, i) => (i === 7 ? -Infinity : v)),
      /step 2: loss .*; first not finite: the input\./,
    ],
    [
      "a parameter",
      (model) => setWeights(model, { "1.main.0.weight": { data: new Float32Array(16).fill(NaN), shape: [4, 4] } }),
      x,
      /first not finite: parameter 1\.main\.0\.weight/,
    ],
    [
      "an output",
      (model) => setWeights(model, { "1.main.0.weight": { data: new Float32Array(16).fill(3e38), shape: [4, 4] } }),
      x,
      /first not finite: the output of layer 1\.main\.0 \(linear\)/,
    ],
    [
      "a loss",
      (model) => setWeights(model, { "3.weight": { data: new Float32Array(8).fill(1e25), shape: [2, 4] } }),
      x,
      /first not finite: the loss/,
    ],
  ];

  it.each(poison)("%s: the error names it, nothing moves, and training goes on", async (_, spoil, input, message) => {
    const [model, untouched] = [await build(deep, [3]), await build(deep, [3])];
    const [trainer, other] = [trainerOf(model), trainerOf(untouched)];
    for (const each of [trainer, other]) each.step(x, target);
    const good = model.stateDict();
    spoil(model);
    const [before, ema] = [weightBits(model), JSON.stringify([...trainer.emaStateDict()])];
    expect(() => trainer.step(input, target)).toThrow(NumericError);
    expect(() => trainer.step(input, target)).toThrow(message);
    expect(weightBits(model)).toBe(before);
    expect(JSON.stringify([...trainer.emaStateDict()])).toBe(ema);
    expect(trainer.stepCount).toBe(1);
    model.loadStateDict(good);
    expect(trainer.step(x, target)).toEqual(other.step(x, target));
    expect(weightBits(model)).toBe(weightBits(untouched));
  });

  it("a gradient: applyGradients refuses it", async () => {
    const model = await build(deep, [3]);
    const trainer = trainerOf(model);
    model.forward(x, { training: true });
    model.backward(target.map(() => NaN));
    const before = weightBits(model);
    expect(() => trainer.applyGradients()).toThrow(/gradients expected finite numbers, got norm NaN/);
    expect(weightBits(model)).toBe(before);
    model.forward(x, { training: true });
    model.backward(target);
    expect(trainer.applyGradients().gradNorm).toBeGreaterThan(0);
  });

  it("a gradient inside of a step: names the layer", async () => {
    // Finite forward, but the gradient through 3e38 overflows.
    const model = await build(
      new Sequential(new Linear(1, 1, { bias: false }), new Linear(1, 1, { bias: false })),
      [1],
    );
    setWeights(model, { "0.weight": { data: [1e-30], shape: [1, 1] }, "1.weight": { data: [3e38], shape: [1, 1] } });
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }) });
    expect(() => trainer.step([1], [-1e10])).toThrow(
      /first not finite: the gradient (of 0\.weight|passed back by layer 1)/,
    );
  });
});
