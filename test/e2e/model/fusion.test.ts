// Fused, folded and in-place plans compute what the plain ops do, on random networks.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Model } from "../../../src/hosts/node/index.js";
import type { BackwardStep } from "../../../src/model/step.js";
import { uniform } from "../../golden/generator.js";
import { RUNS, type Sample, samples } from "../../support/networks.js";
import { build, setups } from "../../support/setups.js";

const names = (model: Model) =>
  model.engine.description.parameters.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)] as const);

/** Output, input gradient and parameter gradients of one forward and backward. */
function run(model: Model, step: BackwardStep): Record<string, Float32Array> {
  const { engine } = model;
  const { executor } = engine;
  const { inputGradient } = step.plan;
  engine.randomStep = 41; // both plans drop the same numbers
  step.input.set(uniform("fusion/x", step.input.length, 2));
  step.run();
  const output = step.output.slice();
  step.outputGradient.set(uniform("fusion/dy", output.length));
  step.run("backward");
  const dx = inputGradient === undefined ? new Float32Array(0) : step.numbers(inputGradient).slice();
  const gradients = names(model).map(
    ([name, n]) => [name, executor.parameterView(name, "gradients", n).slice()] as const,
  );
  return { output, dx, ...Object.fromEntries(gradients) };
}

describe.each(setups)("%o", (setup) => {
  it.each([false, true])("training: %s: gives the bits of the plan that keeps every value", async (training) => {
    const check = async ({ network, inputShape, batchSize }: Sample) => {
      const model = await build(network, inputShape, setup);
      const request = { batchSize, training, backward: "output" } as const;
      const kept = run(model, model.engine.step({ ...request, keepAll: true }));
      const fused = run(model, model.engine.step(request));
      for (const [name, values] of Object.entries(kept)) {
        if (Buffer.compare(Buffer.from(values.buffer), Buffer.from(fused[name].buffer)) !== 0)
          expect(fused[name], name).toEqual(values);
      }
      const predicted = model.predict(uniform("fusion/x", batchSize * inputShape.reduce((a, b) => a * b), 2), {
        batchSize,
      });
      const { data } = model.forward(uniform("fusion/x", batchSize * inputShape.reduce((a, b) => a * b), 2));
      const scale = data.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6);
      data.forEach((v, i) => {
        if (!(Math.abs(v - predicted.data[i]) <= 1e-5 * scale))
          throw new Error(`predict ${predicted.data[i]}, forward ${v}`);
      });
      model.dispose();
    };
    await fc.assert(fc.asyncProperty(samples, check), { ...RUNS, numRuns: setup.threads > 1 ? 15 : 50 });
  });
});
