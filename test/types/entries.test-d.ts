// The other entries: less than the main one, or the same in a worker.
import { expectTypeOf, it } from "vitest";
import type { Model, Trainer } from "../../src/hosts/node/index.js";
import * as inference from "../../src/hosts/node/inference.js";
import type * as worker from "../../src/hosts/node/worker.js";

it("the inference entry loads and predicts, and no more", () => {
  expectTypeOf(inference.loadModel).returns.resolves.toEqualTypeOf<inference.Predictor>();
  expectTypeOf<inference.Predictor>().toHaveProperty("predict");
  expectTypeOf<inference.Predictor>().not.toHaveProperty("backward");
  expectTypeOf<Model>().toExtend<inference.Predictor>();
  expectTypeOf<typeof inference>().not.toHaveProperty("createTrainer");
});

it("what a worker's model and trainer return, they promise", () => {
  type Remote = Awaited<ReturnType<typeof worker.createModel>>;
  type Method = "predict" | "forward" | "stateDict" | "loadStateDict" | "save" | "memoryPlan";
  expectTypeOf<Awaited<ReturnType<Remote[Method]>>>().toEqualTypeOf<Awaited<ReturnType<Model[Method]>>>();
  expectTypeOf<ReturnType<Remote["predict"]>>().toExtend<Promise<unknown>>();
  type Verb = "step" | "fit" | "evaluate";
  type RemoteTrainer = Awaited<ReturnType<typeof worker.createTrainer>>;
  expectTypeOf<Awaited<ReturnType<RemoteTrainer[Verb]>>>().toEqualTypeOf<Awaited<ReturnType<Trainer[Verb]>>>();
});
