/** Finds where a step first left the finite numbers. */

import { numel } from "../core/shape.js";
import type { Engine } from "../model/engine.js";
import type { TrainStep } from "../model/step.js";
import type { RecordLoss } from "../plan/plan.js";

const firstNonFinite = (values: Float32Array): number => values.findIndex((value) => !Number.isFinite(value));

/**
 * Repeats the failed step without an update, keeping every value, and describes the first one that is not finite:
 * input, parameter, a layer's output, or the gradient after a layer. The failed plan's input must still be in place.
 */
export function findNonFinite(engine: Engine, failed: TrainStep, loss: RecordLoss, key: string): string {
  const { executor } = engine;
  const input = failed.input.slice();
  const target = failed.target.slice();
  const weights = failed.weights?.slice();
  if (firstNonFinite(input) >= 0) return "the input";
  for (const { name, shape } of engine.description.parameters) {
    if (firstNonFinite(executor.parameterView(name, "parameters", numel(shape))) >= 0) return `parameter ${name}`;
  }

  const step = engine.step(
    {
      batchSize: failed.plan.batchSize,
      training: true,
      backward: "loss",
      loss,
      keepAll: true,
    },
    `diagnose ${key}`,
  );
  step.input.set(input);
  step.target.set(target);
  if (weights) step.weights?.set(weights);
  step.repeat("forward", "backward");
  const { plan } = step;
  for (const { outputs, path, stage, op } of plan.step) {
    if (op.isPacking) continue;
    for (const id of outputs) {
      if (firstNonFinite(step.numbers(id)) < 0) continue;
      const { role, name } = plan.graph.values[id];
      if (role === "gradient") return `the gradient of ${name}`;
      const layer = op.part === "loss" ? "the loss" : `layer ${path || "network"}`;
      return stage === "backward"
        ? `the gradient passed back by ${layer} (${op.name})`
        : op.part === "loss"
          ? "the loss"
          : `the output of ${layer} (${op.name})`;
    }
  }
  return "nothing when repeated";
}
