/** Loss and accuracy over a dataset. */

import { argmax } from "../core/math.js";
import { signal as abortSignal, integer, optional, readOptions, type Schema } from "../core/options.js";
import { createYielder } from "../core/yield.js";
import { type ClassDataset, type Dataset, sampleWeights } from "../data/dataset.js";
import { classNamesOf, expectClassNames } from "../model/class-names.js";
import type { Loss, TargetKind } from "../nn/losses.js";
import { expectTransformed, fillBatch, load, weighBatch } from "./batch.js";
import { Limits, type Stopped } from "./limits.js";
import type { StepTrainer } from "./step-trainer.js";

export interface EvaluateOptions {
  /** Default: the largest batch that the trainer has trained with, else that of `predict`; at most 128. */
  batchSize?: number;
  /** Stops with the signal's reason as an error. */
  signal?: AbortSignal;
}

const MOST = 128;

const schema = () =>
  ({ batchSize: optional(integer({ min: 1 })), signal: abortSignal }) satisfies Schema<EvaluateOptions>;

/** What `evaluate` found over a dataset. */
export interface Evaluation {
  /** Mean over all samples, with the weights of samples and of the loss. */
  loss: number;
  /**
   * Share of samples, or of labels that are not to be ignored, whose largest output is at the target's class, each counted
   * once whatever its weight; absent where targets are no classes.
   */
  accuracy?: number;
  /** How many samples were evaluated. */
  samples: number;
  /** Rows of outputs with NaN in them, which `accuracy` counts as wrong; absent where there are none. */
  nonFinite?: number;
}

/** What `evaluate` found over a dataset of classes. */
export interface ClassEvaluation extends Evaluation {
  accuracy: number;
}

/** How far an evaluation has come, and what it has found. */
interface Tally {
  at: number;
  sum: number;
  /** What `sum` is to be divided by, and `hits`. */
  weight: number;
  rows: number;
  hits: number;
  nonFinite: number;
}

const newTally = (): Tally => ({ at: 0, sum: 0, weight: 0, rows: 0, hits: 0, nonFinite: 0 });

export function evaluate(
  trainer: StepTrainer,
  dataset: ClassDataset,
  options?: EvaluateOptions,
): Promise<ClassEvaluation>;
export function evaluate(trainer: StepTrainer, dataset: Dataset, options?: EvaluateOptions): Promise<Evaluation>;
export async function evaluate(trainer: StepTrainer, dataset: Dataset, options?: EvaluateOptions): Promise<Evaluation> {
  const read = readOptions("evaluate", options, schema);
  const batchSize = read.batchSize ?? Math.min(MOST, trainer.largestBatch || trainer.model.engine.fittingBatch);
  const { signal } = read;
  trainer.expectFits("evaluate", dataset);
  await expectTransformed("evaluate", trainer.model, dataset);
  const result = await evaluateWithin(trainer, dataset, batchSize, new Limits({ signal }), newTally());
  if (typeof result !== "string") return result;
  throw signal?.reason;
}

/** A validation that was stopped, and the step after which its weights are. */
const validations = new WeakMap<StepTrainer, { dataset: Dataset; stepCount: number; tally: Tally }>();

/** Evaluates, from where an interrupted fit has stopped in it. */
export async function validate(
  trainer: StepTrainer,
  dataset: Dataset,
  batchSize: number,
  limits: Limits | undefined,
): Promise<Evaluation | Stopped> {
  const { stepCount } = trainer;
  const last = validations.get(trainer);
  const goesOn = last?.dataset === dataset && last.stepCount === stepCount;
  const tally = goesOn ? last.tally : newTally();
  validations.set(trainer, { dataset, stepCount, tally });
  const result = await evaluateWithin(trainer, dataset, batchSize, limits, tally);
  if (typeof result !== "string") validations.delete(trainer);
  return result;
}

/** Whether outputs are scores of classes, so that there is an accuracy. */
const countsHits = ({ type }: Loss, kind: TargetKind): boolean => kind === "indices" || type === "crossEntropy";

/** What callbacks may watch of a validation, and which way is better. */
export const monitorsOf = (loss: Loss, validation: Dataset): Record<string, "min" | "max"> => ({
  "validation.loss": "min",
  ...(countsHits(loss, validation.targets === "class" ? "indices" : "values") && { "validation.accuracy": "max" }),
});

/** Goes on from `tally`, which it keeps up to date, until the end or a limit. */
async function evaluateWithin(
  trainer: StepTrainer,
  dataset: Dataset,
  batchSize: number,
  limits: Limits | undefined,
  tally: Tally,
): Promise<Evaluation | Stopped> {
  const kind = trainer.expectFits("evaluate", dataset);
  expectClassNames("evaluate", trainer.classNames, classNamesOf(dataset));
  const { model } = trainer;
  const loss = trainer.lossFor("evaluate");
  const { engine } = model;
  const classes = model.outputShape[model.outputShape.length - 1];
  const counts = countsHits(loss, kind);
  const pause = createYielder();
  const recorded = trainer.recordLoss(kind, dataset.getWeights !== undefined);
  while (tally.at < dataset.length) {
    const n = Math.min(batchSize, dataset.length - tally.at);
    const indices = Array.from({ length: n }, (_, i) => tally.at + i);
    const stopped = limits?.beforeBatch() ?? (await load(dataset, indices, 0, limits));
    if (stopped) return stopped;
    const variation = { batchSize: n, training: false, backward: "none", loss: recorded.record } as const;
    const step = engine.step(variation, `evaluate ${recorded.key}`);
    const expected = fillBatch("evaluate", step, loss, dataset, indices).slice(); // the step may reuse its memory
    const weight = weighBatch(step, loss, sampleWeights("evaluate", dataset, indices));
    step.run();
    tally.sum += step.loss * weight;
    tally.weight += weight;
    countRows(step.output, counts ? expected : null, { classes, ignored: loss.ignoreIndex }, tally);
    tally.at += n;
    limits?.count("other");
    await pause();
  }
  return {
    loss: tally.sum / (tally.weight || 1),
    samples: dataset.length,
    ...(counts && { accuracy: tally.hits / (tally.rows || 1) }),
    ...(tally.nonFinite > 0 && { nonFinite: tally.nonFinite }),
  };
}

/** Counts rows with NaN; of the others those whose largest output, the first of equals, stands at the target's class. */
function countRows(
  outputs: Float32Array,
  targets: Int32Array | Float32Array | null,
  { classes, ignored }: { classes: number; ignored: number | undefined },
  tally: Tally,
): void {
  for (let row = 0; row < outputs.length / classes; row++) {
    let sound = true;
    for (let i = row * classes; i < (row + 1) * classes; i++) if (Number.isNaN(outputs[i])) sound = false;
    if (!sound) tally.nonFinite++;
    if (!targets || (targets instanceof Int32Array && targets[row] === ignored)) continue;
    tally.rows++;
    if (!sound) continue;
    const target = targets instanceof Int32Array ? targets[row] : argmax(targets, row * classes, classes);
    if (argmax(outputs, row * classes, classes) === target) tally.hits++;
  }
}
