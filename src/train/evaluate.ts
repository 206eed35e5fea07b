/** Loss and accuracy over a dataset. */

import { argmax } from "../core/math.js";
import { signal as abortSignal, integer, readOptions, type Schema } from "../core/options.js";
import type { Dataset } from "../data/dataset.js";
import type { RecordLoss } from "../plan/plan.js";
import { fillBatch } from "./batch.js";
import type { StepTrainer } from "./step-trainer.js";
import { createYielder } from "./yield.js";

export interface EvaluateOptions {
  /** Default 128. */
  batchSize?: number;
  /** Stops with the signal's reason as an error. */
  signal?: AbortSignal;
}

const schema = () =>
  ({ batchSize: integer({ min: 1, default: 128 }), signal: abortSignal }) satisfies Schema<EvaluateOptions>;

/** What `evaluate` found over a dataset. */
export interface Evaluation {
  /** Mean over all samples. */
  loss: number;
  /** Share of samples whose largest output is at the target's class; absent where targets are no classes. */
  accuracy?: number;
  /** How many samples were evaluated. */
  samples: number;
}

export async function evaluate(trainer: StepTrainer, dataset: Dataset, options?: EvaluateOptions): Promise<Evaluation> {
  const { batchSize, signal } = readOptions("evaluate", options, schema);
  const kind = trainer.expectFits("evaluate", dataset);
  const { model } = trainer;
  const loss = trainer.lossFor("evaluate");
  const { engine } = model;
  const classes = model.outputShape[model.outputShape.length - 1];
  const countsHits = loss.type === "crossEntropy";
  const pause = createYielder();
  const record: RecordLoss = (graph, output) => loss.record(graph, output, kind);
  const key = `evaluate ${kind} ${JSON.stringify(loss)}`;
  let sum = 0;
  let hits = 0;
  for (let at = 0; at < dataset.length; at += batchSize) {
    signal?.throwIfAborted();
    const n = Math.min(batchSize, dataset.length - at);
    const indices = Array.from({ length: n }, (_, i) => at + i);
    await dataset.prefetch?.(indices);
    const step = engine.step({ batchSize: n, training: false, backward: "none", loss: record }, key);
    const expected = fillBatch("evaluate", step, loss, dataset, indices).slice(); // the step may reuse its memory
    step.run();
    sum += step.loss * n;
    if (countsHits) hits += countHits(step.output, expected, classes);
    await pause();
  }
  const rowsPerSample = model.outputShape.slice(0, -1).reduce((a, b) => a * b, 1);
  const result = { loss: sum / dataset.length, samples: dataset.length };
  return countsHits ? { ...result, accuracy: hits / (dataset.length * rowsPerSample) } : result;
}

/** Rows whose largest output stands at the target's class; the first of equals counts. */
function countHits(outputs: Float32Array, targets: Int32Array | Float32Array, classes: number): number {
  let hits = 0;
  for (let row = 0; row < outputs.length / classes; row++) {
    const target = targets instanceof Int32Array ? targets[row] : argmax(targets, row * classes, classes);
    if (argmax(outputs, row * classes, classes) === target) hits++;
  }
  return hits;
}
