/** Reads outputs and targets row by row: a row of scores for each label of a class, a value for each number. */
import { ArgumentError, describe, expectation, NumericError } from "../core/errors.js";
import { argmax } from "../core/math.js";
import { flag, type Option, optional, text } from "../core/options.js";
import { isNumeric } from "../core/tensor.js";
import type { MetricBatch, MetricFacts, MetricOptions } from "./metric.js";

/** The checks of the options that all metrics have. */
export const commonSchema = () => ({
  name: optional(text) as Option<string | undefined, string | undefined>,
  weighted: flag(false),
});

/** The name of a metric, as its type has it. */
export const named = <Name extends string>(fallback: string, options: MetricOptions<Name> | undefined): Name =>
  (options?.name ?? fallback) as Name;

const KINDS: Record<string, string> = {
  classes: "classes (crossEntropy)",
  labels: "labels (bceWithLogits)",
  numbers: "numbers (mse, huber)",
};

const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && Number(size) > 0;

/** Throws `ArgumentError` where a metric has no meaning for a task, and on what is not what evaluations tell. */
export function expectTask(where: string, facts: MetricFacts, tasks: readonly MetricFacts["task"][]): void {
  const { task, outputShape }: Partial<MetricFacts> = Object(facts);
  const isWell = typeof task === "string" && Object.hasOwn(KINDS, task) && Array.isArray(outputShape);
  if (!isWell || outputShape.length === 0 || !outputShape.every(isSize))
    throw new ArgumentError(
      expectation(where, "facts", "the task and the outputShape of an evaluation", describe(facts)),
    );
  if (tasks.includes(task)) return;
  const hint = task === "numbers" ? "rmse(), mae() and r2() are for numbers" : undefined;
  const expected = `a task of ${tasks.map((each) => KINDS[each]).join(" or ")}`;
  throw new ArgumentError(expectation(where, "evaluation", expected, KINDS[task], { hint }));
}

export const width = ({ outputShape }: MetricFacts): number => outputShape[outputShape.length - 1];

/** One row: where it begins among the outputs, its class, and how much it counts. */
export type VisitRow = (begin: number, truth: number, weight: number) => void;

function expectBatch(where: string, batch: MetricBatch): void {
  const { outputs, targets, samples }: Partial<MetricBatch> = Object(batch);
  if (isNumeric(outputs) && isNumeric(targets) && isSize(samples)) return;
  throw new ArgumentError(expectation(where, "batch", "outputs, targets and the number of samples", describe(batch)));
}

/** Rows of scores of classes, but those that are to be ignored. Throws `NumericError` on NaN among the outputs. */
export function eachRow(
  where: string,
  facts: MetricFacts,
  batch: MetricBatch,
  weighted: boolean,
  visit: VisitRow,
): void {
  expectBatch(where, batch);
  const { outputs, targets, samples, weights } = batch;
  const classes = width(facts);
  const rows = outputs.length / classes;
  for (let row = 0; row < rows; row++) {
    const truth = targets instanceof Int32Array ? targets[row] : argmax(targets, row * classes, classes);
    if (targets instanceof Int32Array && truth === facts.ignoreIndex) continue;
    const sample = Math.floor(row / (rows / samples));
    for (let i = row * classes; i < (row + 1) * classes; i++)
      if (Number.isNaN(outputs[i])) throw notANumber(where, batch, sample);
    visit(row * classes, truth, weighted && weights ? weights[sample] : 1);
  }
}

/** One output that stands for itself: a logit of a label, or a number; `column` is its place in the sample. */
export type VisitValue = (value: number, target: number, column: number, weight: number) => void;

/** Each output with its target. Throws `NumericError` on NaN among the outputs. */
export function eachValue(where: string, batch: MetricBatch, weighted: boolean, visit: VisitValue): void {
  expectBatch(where, batch);
  const { outputs, targets, samples, weights } = batch;
  const perSample = outputs.length / samples;
  for (let i = 0; i < outputs.length; i++) {
    const sample = Math.floor(i / perSample);
    if (Number.isNaN(outputs[i])) throw notANumber(where, batch, sample);
    visit(outputs[i], targets[i], i - sample * perSample, weighted && weights ? weights[sample] : 1);
  }
}

function notANumber(where: string, { first }: MetricBatch, sample: number): NumericError {
  const hint = "Weights of a training that diverged give such outputs";
  return new NumericError(expectation(where, `outputs of sample ${first + sample}`, "numbers", "NaN", { hint }));
}

/** Whether a target says that a label is right: shares of 1 above a half are taken for it. */
export const isPositive = (target: number): boolean => target >= 0.5;
