// Frozen parameters and frozen statistics.
import { describe, expect, it } from "vitest";
import {
  AdamW,
  ArgumentError,
  BatchNorm1d,
  createTrainer,
  Dropout,
  freeze,
  Linear,
  type Model,
  mse,
  ReLU,
  Residual,
  Sequential,
  SGD,
  unfreeze,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build } from "../../support/setups.js";

const net = new Sequential({
  stem: new Sequential(new Linear(3, 6), new BatchNorm1d(6), new ReLU()),
  body: new Residual(new Sequential(new Linear(6, 6), new BatchNorm1d(6), new Dropout(0)), { activation: new ReLU() }),
  head: new Linear(6, 2),
});
const x = uniform("freeze/x", 30);
const target = uniform("freeze/y", 20);
const trainerOf = (model: Model) =>
  createTrainer(model, { loss: mse(), optimizer: new AdamW({ lr: 0.05, weightDecay: 0.1 }), ema: 0.9 });

/** Names of parameters and buffers that some steps change. */
function moved(model: Model, steps: () => void): string[] {
  const before = model.stateDict();
  steps();
  return [...model.stateDict()]
    .filter(([name, { data }]) => String(data) !== String(before.get(name)!.data))
    .map(([name]) => name);
}

const norm = (path: string) => ["running_mean", "running_var", "num_batches_tracked"].map((name) => `${path}.${name}`);

describe("freeze", () => {
  it("keeps weights and running statistics as they are, decay and averages included", async () => {
    const model = await build(net, [3]);
    const trainer = trainerOf(model);
    expect(freeze(model, "stem")).toEqual([
      "stem.0.weight",
      "stem.0.bias",
      "stem.1.weight",
      "stem.1.bias",
      ...norm("stem.1"),
    ]);
    const names = [...model.stateDict().keys()];
    const free = names.filter((name) => !name.startsWith("stem") && name !== "body.main.0.bias"); // 0 gradient in front of a norm, but decay moves it
    const changed = moved(model, () => {
      for (let i = 0; i < 3; i++) trainer.step(x, target);
    });
    expect(changed.filter((name) => name !== "body.main.0.bias")).toEqual(free);
    for (const [name, { data }] of model.gradients())
      if (name.startsWith("stem"))
        expect(
          data.every((v) => v === 0),
          name,
        ).toBe(true);
    for (const [name, { data }] of trainer.emaStateDict())
      if (name.startsWith("stem")) expect(data).toEqual(model.stateDict().get(name)!.data);
  });

  it("gives the other parameters the gradients that they have in evaluation of the frozen part", async () => {
    const [frozen, whole] = [await build(net, [3]), await build(net, [3])];
    freeze(frozen, (name) => name.startsWith("stem") || name.startsWith("body"));
    const norms = [frozen, whole].map((model, i) => {
      const y = model.forward(x, { training: i === 0 }); // evaluation: both norms by running statistics
      const dx = model.backward(target);
      return [y, dx, model.gradients().get("head.weight"), model.gradients().get("head.bias")];
    });
    expect(norms[0]).toEqual(norms[1]);
  });

  it("leaves frozen parameters out of the norm of the gradients, also when they had some before", async () => {
    const model = await build(net, [3]);
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0 }), clipGradNorm: 1e-3 });
    const { gradNorm } = trainer.step(x, target);
    freeze(model, /^(stem|body)/);
    const alone = trainer.step(x, target).gradNorm;
    expect(alone).toBeLessThan(gradNorm);
    const head = ["head.weight", "head.bias"].flatMap((name) => [...model.gradients().get(name)!.data]);
    expect(alone).toBeCloseTo(Math.sqrt(head.reduce((sum, v) => sum + v * v, 0)), 6);
  });

  it("can be undone, and gradients after that are whole again", async () => {
    const [model, untouched] = [await build(net, [3]), await build(net, [3])];
    freeze(model, "body.main.0");
    freeze(model, "head");
    unfreeze(model, "head");
    unfreeze(model, /body/);
    for (const each of [model, untouched]) trainerOf(each).step(x, target);
    expect(model.stateDict()).toEqual(untouched.stateDict());
    expect(model.gradients()).toEqual(untouched.gradients());
  });

  it("of everything leaves a step that changes nothing", async () => {
    const model = await build(net, [3]);
    freeze(model, () => true);
    const { gradNorm, loss } = trainerOf(model).step(x, target);
    expect(gradNorm).toBe(0);
    expect(loss).toBeGreaterThan(0);
    expect(moved(model, () => void trainerOf(model).step(x, target))).toEqual([]);
  });

  it("refuses patterns that match nothing or are none", async () => {
    const model = await build(net, [3]);
    expect(() => freeze(model, "hat")).toThrow(ArgumentError);
    expect(() => freeze(model, "hat")).toThrow(/match among the state dict's names, got hat/);
    expect(() => freeze(model, 5 as never)).toThrow(/pattern expected/);
    expect(() => unfreeze(model, /nothing/)).toThrow(ArgumentError);
  });
});

describe("BatchNorm with frozen: true", () => {
  it("trains its weights by running statistics and does not move those", async () => {
    const model = await build(
      new Sequential(new Linear(3, 6), new BatchNorm1d(6, { frozen: true }), new Linear(6, 2)),
      [3],
    );
    const changed = moved(model, () => void trainerOf(model).step(x, target));
    expect(changed).toEqual(["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]);
    expect(model.forward(x, { training: true })).toEqual(model.forward(x));
    expect(trainerOf(model).step(x.subarray(3, 6), [1, 2]).loss).toBeGreaterThan(0); // a batch of one is no problem
  });
});
