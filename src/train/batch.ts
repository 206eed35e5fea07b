/** Batches on their way from a dataset into a step. */
import { expectation, ResnetWasmError, ShapeError } from "../core/errors.js";
import { type Dataset, getBatch } from "../data/dataset.js";
import type { Step, TrainStep } from "../model/step.js";
import type { Loss } from "../nn/losses.js";
import { checkTargets } from "./labels.js";
import type { Limits, Stopped } from "./limits.js";

interface Load {
  indices: ArrayLike<number>;
  epoch: number;
  work: Promise<void>;
}

/** What a call no longer waited for when it was stopped. */
const left = new WeakMap<Dataset, Load>();

/** Waits for what `get` needs. One that was stopped leaves its load to a call that wants the same, so that both get on. */
export async function load(
  dataset: Dataset,
  indices: ArrayLike<number>,
  epoch: number,
  limits: Limits | undefined,
  next?: ArrayLike<number>,
): Promise<Stopped | null> {
  if (!dataset.prefetch) return null;
  const last = left.get(dataset);
  left.delete(dataset);
  const goesOn = last?.epoch === epoch && String(last.indices) === String(indices);
  const work = goesOn ? last.work : Promise.resolve(dataset.prefetch(indices, epoch, next));
  const stopped = limits ? await limits.wait(work) : await work.then(() => null);
  if (stopped) left.set(dataset, { indices: Array.from(indices), epoch, work });
  return stopped;
}

/** Prepares a last batch that is not full. Throws `ShapeError`, the cure first, where the network needs more samples. */
export function prepareRest(
  where: string,
  { length }: Dataset,
  batchSize: number,
  prepare: (samples: number) => unknown,
): void {
  try {
    prepare(length % batchSize);
  } catch (cause) {
    if (!(cause instanceof ShapeError) || length < batchSize) throw cause;
    const last = `The last batch has ${length % batchSize} of ${length} samples in batches of ${batchSize}`;
    const cure = "dropLast: true leaves it out, another batchSize divides otherwise";
    throw new ShapeError(`${where}: ${last}: ${cure}. ${cause.message}`, { cause });
  }
}

/**
 * Gives a step with weights what it reads of them, once its target is in place. Returns by what its loss is divided: the sum
 * of the weights, without any the number of samples.
 */
export function weighBatch(step: TrainStep, loss: Loss, samples?: ArrayLike<number>): number {
  const { weights, target, executor, plan } = step;
  if (!weights) return plan.batchSize;
  const total = loss.weigh({ target, weights, samples });
  executor.scalars.set("total", total || 1); // nothing counts: 0 divided by 1
  return total;
}

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
  expectCurrent(where, step);
  const outputShape = step.plan.graph.shape(step.plan.output);
  checkTargets(where, target, step.targetKind, loss, outputShape, indices);
  return target;
}

/** Throws where a dataset has used the model that it feeds: another step works in the memory after the input. */
export function expectCurrent(where: string, step: Step): void {
  if (step.isCurrent) return;
  throw new ResnetWasmError(
    expectation(where, "dataset.get", "to leave the model that it feeds alone", "a call of it"),
  );
}
