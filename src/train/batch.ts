/** Batches on their way from a dataset into a step. */
import { expectation, ResnetWasmError } from "../core/errors.js";
import { type Dataset, getBatch } from "../data/dataset.js";
import type { TrainStep } from "../model/step.js";
import type { Loss } from "../nn/losses.js";
import { checkTargets } from "./labels.js";

/** Lets the dataset write examples straight to a step's input and target. Returns the target, checked. */
export function fillBatch(
  where: string,
  step: TrainStep,
  loss: Loss,
  dataset: Dataset,
  indices: ArrayLike<number>,
  epoch = 0,
): Int32Array | Float32Array {
  const { input, target } = step;
  getBatch(dataset, indices, input, target, epoch);
  // Another step would have worked in the memory after the input by now.
  if (!step.isCurrent)
    throw new ResnetWasmError(
      expectation(where, "dataset.get", "to leave the model that it feeds alone", "a call of it"),
    );
  const outputShape = step.plan.graph.shape(step.plan.output);
  checkTargets(where, target, step.targetKind, loss, outputShape, indices);
  return target;
}
