// Batches that no memory holds: a typed error, and a model that goes on.
import { expect, it } from "vitest";
import { createTrainer, Linear, mse, RuntimeSupportError, Sequential, SGD } from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build, setups, weightBits } from "../../support/setups.js";

const net = new Sequential(new Linear(1, 1 << 20), new Linear(1 << 20, 1, { bias: false }));
const many = new Float32Array(2000); // 2000 · 2^20 hidden values: 8 GB

it.each(setups)("%o", async (setup) => {
  const [model, untouched] = [await build(net, [1], setup), await build(net, [1], setup)];
  const trainers = [model, untouched].map((each) =>
    createTrainer(each, { loss: mse(), optimizer: new SGD({ lr: 1e-7 }) }),
  );
  const before = weightBits(model);
  const calls = [
    () => model.forward(many),
    () => model.predict(many, { batchSize: 2000 }),
    () => trainers[0].step(many, many),
  ];
  for (const call of calls) {
    expect(call).toThrow(RuntimeSupportError);
    expect(call).toThrow(/memory: size expected at most 4294967296 bytes.*got \d+ bytes.*smaller batch/);
  }
  expect(weightBits(model)).toBe(before);
  expect(model.memoryPlan({ batchSize: 2000 }).total).toBeGreaterThan(2 ** 32);
  const x = uniform("limits/x", 3);
  expect(trainers[0].step(x, [1, 2, 3])).toEqual(trainers[1].step(x, [1, 2, 3]));
  expect(model.predict(x)).toEqual(untouched.predict(x));
  model.dispose();
  untouched.dispose();
});

it("says so when the result itself is too large", async () => {
  const model = await build(new Linear(1, 1 << 20), [1]);
  expect(() => model.predict(new Float32Array(1 << 20))).toThrow(RuntimeSupportError);
  expect(model.predict([1]).shape).toEqual([1, 1 << 20]);
});
