// What a step has follows from what was asked for: there is no target without a loss, and no gradient to write elsewhere.
import { describe, expectTypeOf, it } from "vitest";
import type { Engine } from "../../src/model/engine.js";
import type { BackwardStep, Step, TrainStep } from "../../src/model/step.js";
import type { BackwardPlan, createPlan, PredictPlan, RecordLoss, TrainPlan } from "../../src/plan/plan.js";

declare const engine: Engine;
declare const loss: RecordLoss;
declare const make: typeof createPlan;
declare const network: Pick<Parameters<typeof createPlan>[0], "network" | "inputShape">;

describe("a step", () => {
  it("is of the kind that its variation asks for", () => {
    const predict = engine.step({ batchSize: 1, training: false, backward: "none" });
    expectTypeOf(predict).toEqualTypeOf<Step<PredictPlan>>();
    // @ts-expect-error: a prediction has no target
    void predict.target;
    expectTypeOf(engine.step({ batchSize: 1, training: true, backward: "output" })).toEqualTypeOf<BackwardStep>();
    expectTypeOf(engine.step({ batchSize: 1, training: true, backward: "loss", loss })).toEqualTypeOf<TrainStep>();
    expectTypeOf(engine.step({ batchSize: 1, training: false, backward: "none", loss })).toEqualTypeOf<TrainStep>();
  });

  it("has its gradients from somewhere", () => {
    // @ts-expect-error: from a loss that is not there
    engine.step({ batchSize: 1, training: true, backward: "loss" });
    // @ts-expect-error: from a loss and from the output at once
    engine.step({ batchSize: 1, training: true, backward: "output", loss });
  });
});

describe("a plan", () => {
  it("has the values of its kind", () => {
    const backward = make({ ...network, batchSize: 1, training: false, backward: "output" });
    expectTypeOf(backward).toEqualTypeOf<BackwardPlan>();
    expectTypeOf(backward.outputGradient).toEqualTypeOf<number>();
    const train = make({ ...network, batchSize: 1, training: false, backward: "none", loss });
    expectTypeOf(train).toEqualTypeOf<TrainPlan>();
    expectTypeOf(train.target).toEqualTypeOf<number>();
  });
});
