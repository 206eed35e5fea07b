/** Batches on their way from a dataset into a plan. */
import { expectation, ResnetWasmError } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../model/engine.js";
import type { TargetKind } from "../nn/losses.js";
import type { Plan } from "../plan/plan.js";
import { checkTargets } from "./labels.js";

/** Lets the dataset write examples straight to a plan's input and target. Returns the target, checked. */
export function fillBatch(
  where: string,
  { executor, description }: Engine,
  plan: Plan,
  kind: TargetKind,
  dataset: Dataset,
  indices: ArrayLike<number>,
  epoch = 0,
): Int32Array | Float32Array {
  const x = executor.view(plan, plan.input);
  const target = executor.numbers(plan, plan.target!, "f32", "i32");
  dataset.get(indices, x, target, epoch);
  // Another plan would have worked in the memory behind x by now.
  if (!executor.isActive(plan))
    throw new ResnetWasmError(
      expectation(where, "dataset.get", "to leave the model that it feeds alone", "a call of it"),
    );
  const { outputShape } = description;
  checkTargets(where, target, kind, outputShape[outputShape.length - 1]);
  return target;
}
