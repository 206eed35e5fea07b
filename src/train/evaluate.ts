/** Loss and accuracy over a dataset. */

import { argmax } from "../core/math.js";
import { signal as abortSignal, as, integer, optional, readOptions, type Schema } from "../core/options.js";
import { createYielder } from "../core/yield.js";
import { type Dataset, sampleWeights } from "../data/dataset.js";
import type { Metric, MetricResults } from "../metrics/metric.js";
import { classNamesOf, expectClassNames } from "../model/class-names.js";
import type { Loss, TargetKind } from "../nn/losses.js";
import { fillBatch, load, weighBatch } from "./batch.js";
import { expectTransformed } from "./belongs.js";
import { Limits, type Stopped } from "./limits.js";
import { type Measuring, measuringHere, type StartMeasuring } from "./measuring.js";
import type { StepTrainer } from "./step-trainer.js";

export interface EvaluateOptions {
  /** Default: the largest batch that the trainer has trained with, else that of `predict`; at most 128. */
  batchSize?: number;
  /** What else is measured, with functions of `resnet-wasm/metrics`; results stand in `metrics` by their names. */
  metrics?: readonly Metric[];
  /** Stops with the signal's reason as an error. */
  signal?: AbortSignal;
}

const MOST = 128;

const schema = () =>
  ({
    batchSize: optional(integer({ min: 1 })),
    metrics: as<readonly Metric[] | undefined>(),
    signal: abortSignal,
  }) satisfies Schema<EvaluateOptions>;

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
  /** Results of the metrics that were asked for. */
  metrics?: Readonly<Record<string, unknown>>;
}

/** What `evaluate` found over a dataset of classes. */
export interface ClassEvaluation extends Evaluation {
  accuracy: number;
}

/** An evaluation with results of metrics, each of its type. */
export type Measured<E extends Evaluation, M extends readonly Metric[]> = Omit<E, "metrics"> & {
  metrics: MetricResults<M>;
};

/** How far an evaluation has come, and what it has found. */
export interface Tally {
  at: number;
  sum: number;
  /** What `sum` is to be divided by, and `hits`. */
  weight: number;
  rows: number;
  hits: number;
  nonFinite: number;
  measuring: Measuring | undefined;
}

/** An evaluation that begins; `start` is asked where there are metrics. */
export async function newTally(trainer: StepTrainer, start: StartMeasuring | undefined): Promise<Tally> {
  const { domain, ignoreIndex } = trainer.lossFor("evaluate");
  const measuring = await start?.({ domain, ignoreIndex, outputShape: trainer.model.outputShape });
  return { at: 0, sum: 0, weight: 0, rows: 0, hits: 0, nonFinite: 0, measuring };
}

/** `start` starts the metrics: of this thread, where it is left out. */
export async function evaluate(
  trainer: StepTrainer,
  dataset: Dataset,
  options: EvaluateOptions | undefined,
  start?: StartMeasuring,
): Promise<Evaluation> {
  const { metrics, ...read } = readOptions("evaluate", options, schema);
  const batchSize = read.batchSize ?? Math.min(MOST, trainer.largestBatch || trainer.model.engine.fittingBatch);
  const { signal } = read;
  trainer.expectFits("evaluate", dataset);
  await expectTransformed("evaluate", trainer.model, dataset);
  const tally = await newTally(
    trainer,
    start ?? (metrics === undefined ? metrics : measuringHere("evaluate", metrics)),
  );
  const result = await evaluateWithin(trainer, dataset, batchSize, new Limits({ signal }), tally);
  if (typeof result !== "string") return result;
  throw signal?.reason;
}

/** Whether outputs are scores of classes, so that there is an accuracy. */
export const countsHits = ({ type }: Loss, kind: TargetKind): boolean => kind === "indices" || type === "crossEntropy";

/** Goes on from `tally`, which it keeps up to date, until the end or a limit. */
export async function evaluateWithin(
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
    const weights = sampleWeights("evaluate", dataset, indices);
    const weight = weighBatch(step, loss, weights);
    step.run();
    tally.sum += step.loss * weight;
    tally.weight += weight;
    countRows(step.output, counts ? expected : null, { classes, ignored: loss.ignoreIndex }, tally);
    const { output: outputs } = step;
    await tally.measuring?.update({ first: tally.at, samples: n, outputs, targets: expected, weights });
    tally.at += n;
    limits?.count("other");
    await pause();
  }
  return {
    loss: tally.sum / (tally.weight || 1),
    samples: dataset.length,
    ...(counts && { accuracy: tally.hits / (tally.rows || 1) }),
    ...(tally.nonFinite > 0 && { nonFinite: tally.nonFinite }),
    ...(tally.measuring && { metrics: await tally.measuring.results() }),
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
