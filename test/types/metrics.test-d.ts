// What the compiler tells users of metrics: results by their names, each of its type.
import { describe, expectTypeOf, it } from "vitest";
import {
  confusionMatrix,
  f1,
  type Metric,
  type Mistake,
  mistakes,
  precision,
  rocAuc,
  topK,
} from "../../src/faces/metrics.js";
import type { ClassDataset, Trainer } from "../../src/hosts/node/index.js";
import type { WorkerTrainer } from "../../src/worker/trainer.js";

describe("evaluate", () => {
  it("gives the results of metrics, here and in workers", () => {
    const measured = async (trainer: Trainer | WorkerTrainer, data: ClassDataset) => {
      const { accuracy, metrics } = await (trainer as Trainer).evaluate(data, {
        metrics: [f1(), f1({ average: "micro", name: "micro" }), topK(3), confusionMatrix(), mistakes({ count: 5 })],
      });
      expectTypeOf(accuracy).toEqualTypeOf<number>();
      expectTypeOf(metrics.f1).toEqualTypeOf<number>();
      expectTypeOf(metrics.micro).toEqualTypeOf<number>();
      expectTypeOf(metrics.top3).toEqualTypeOf<number>();
      expectTypeOf(metrics.confusionMatrix).toEqualTypeOf<number[][]>();
      expectTypeOf(metrics.mistakes).toEqualTypeOf<Mistake[]>();
      // @ts-expect-error: a metric that was not asked for
      metrics.recall;
    };
    const remote = async (trainer: WorkerTrainer, data: ClassDataset) => {
      const { metrics } = await trainer.evaluate(data, { metrics: [rocAuc({ average: "none" }), precision()] });
      expectTypeOf(metrics.rocAuc).toEqualTypeOf<number[]>();
      expectTypeOf(metrics.precision).toEqualTypeOf<number>();
    };
    expectTypeOf(measured).toBeFunction();
    expectTypeOf(remote).toBeFunction();
  });

  it("takes lists that are made elsewhere", () => {
    const later = async (trainer: Trainer, data: ClassDataset, metrics: Metric[]) =>
      expectTypeOf((await trainer.evaluate(data, { metrics })).metrics).toExtend<Record<string, unknown>>();
    expectTypeOf(later).toBeFunction();
  });
});
