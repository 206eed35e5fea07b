// Gradients of a loss of one's own, added up over the parts of a batch by model.backward.
import { describe, expect, it } from "vitest";
import {
  createTrainer,
  crossEntropy,
  freeze,
  Linear,
  ReLU,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { indices, uniform } from "../../golden/generator.js";
import { build } from "../../support/setups.js";

const x = uniform("accumulate/x", 12 * 5);
const y = indices("accumulate/y", 12, 3);

const trainerOf = async (lr: number) => {
  const network = new Sequential(new Linear(5, 4), new ReLU(), new Linear(4, 3));
  const model = await build(network, [5], undefined, 7);
  return createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr, momentum: 0.9 }) });
};

describe("backward with accumulate", () => {
  const gradients = (trainer: Trainer) => [...trainer.model.gradients().values()].flatMap(({ data }) => [...data]);
  const dy = uniform("accumulate/dy", 12 * 3);
  const part = (array: Float32Array, i: number, size: number) => array.subarray(i * 4 * size, (i + 1) * 4 * size);
  const pass = ({ model }: Trainer, i: number, accumulate: boolean) => {
    model.forward(part(x, i, 5), { training: true });
    return model.backward(part(dy, i, 3), { accumulate });
  };

  it("adds up since the last step, so that a loop needs no first time", async () => {
    const [parts, whole] = [await trainerOf(0.1), await trainerOf(0.1)];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 3; i++) pass(parts, i, true);
      whole.model.forward(x.subarray(0, 60), { training: true });
      whole.model.backward(dy);
      const expected = gradients(whole);
      for (const [i, value] of gradients(parts).entries()) expect(Math.abs(value - expected[i])).toBeLessThan(2e-6);
      parts.applyGradients();
      whole.applyGradients();
    }
    const expected = [...whole.model.stateDict().values()].flatMap(({ data }) => [...data]);
    for (const [i, value] of [...parts.model.stateDict().values()].flatMap(({ data }) => [...data]).entries())
      expect(Math.abs(value - expected[i])).toBeLessThan(2e-6);
  });

  it("begins anew after a step of any kind, without the option, and after freezing", async () => {
    const trainer = await trainerOf(0);
    pass(trainer, 1, false);
    const one = gradients(trainer);
    const anew: Record<string, () => void> = {
      "without the option": () => {},
      "after applyGradients": () => void trainer.applyGradients(),
      "after step": () => void trainer.step(x, y),
      "after freezing": () => void freeze(trainer.model, "0.weight"),
    };
    for (const [name, act] of Object.entries(anew)) {
      pass(trainer, 0, true);
      act();
      pass(trainer, 1, name !== "without the option");
      const now = gradients(trainer);
      const kept = now.map((value, i) => (value === 0 ? 0 : one[i]));
      expect(now, name).toEqual(kept);
    }
  });

  it("is checked, and options that there are not are refused", async () => {
    const { model } = await trainerOf(0);
    model.forward(part(x, 0, 5));
    expect(() => model.backward(part(dy, 0, 3), { accumulate: 1 as never })).toThrow(
      /accumulate expected true or false/,
    );
    expect(() => model.backward(part(dy, 0, 3), { acumulate: true } as never)).toThrow(/Did you mean "accumulate"/);
  });
});
