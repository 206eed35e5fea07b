// What checkpoints say of optimisers, and which options are none.
import { describe, expect, it } from "vitest";
import { Adagrad, Adam, AdamW, optimizerFromJSON, RMSprop } from "../../../src/optim/optimizers.js";

describe("optimisers", () => {
  it("are made again from their JSON", () => {
    const all = [
      new Adam({ amsgrad: true }),
      new AdamW({ lr: 0.5, amsgrad: true }),
      new RMSprop({ alpha: 0.5, centered: true, momentum: 0.9, weightDecay: 0.1 }),
      new Adagrad({ lrDecay: 0.1, initialAccumulatorValue: 0.3, eps: 1e-6 }),
    ];
    for (const optimizer of all) {
      const json = JSON.stringify(optimizer);
      const again = optimizerFromJSON(JSON.parse(json));
      expect(again).toBeInstanceOf(optimizer.constructor);
      expect(JSON.stringify(again)).toBe(json);
      expect(again.state).toEqual(optimizer.state);
    }
  });

  it("say of Adam what they said before it had amsgrad", () => {
    const options = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };
    expect(JSON.parse(JSON.stringify(new Adam()))).toEqual({ type: "Adam", options });
    expect(new Adam().state).toEqual(["m", "v"]);
    expect(new Adam({ amsgrad: true }).toJSON().options).toEqual({ ...options, amsgrad: true });
  });

  it("keep no more numbers for each weight than they need", () => {
    expect(new RMSprop().state).toEqual(["v"]);
    expect(new RMSprop({ centered: true }).state).toEqual(["v", "mean"]);
    expect(new RMSprop({ momentum: 0.5 }).state).toEqual(["v", "velocity"]);
    expect(new Adagrad().state).toEqual(["sum"]);
  });

  it("refuse options that are none", () => {
    expect(() => new RMSprop({ alpha: 1 })).toThrow(/RMSprop: alpha expected a number in \[0, 1\), got 1/);
    expect(() => new RMSprop({ centred: true } as never)).toThrow(/Did you mean "centered"/);
    expect(() => new Adagrad({ eps: 0 })).toThrow(/Adagrad: eps expected/);
    expect(() => new Adam({ amsgrad: 1 } as never)).toThrow(/Adam: amsgrad expected/);
  });
});
